import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  type CommandFacts,
  commandEnvironment,
  maxTrailersBytes,
  maxVariableBytes,
  trailerVariables,
} from '../../src/runner/command-environment.js';

const facts: CommandFacts = {
  body: 'please build',
  bodyFile: '/tmp/body',
  commit: 'c0ffee',
  branch: 'main',
  state: 'build',
  runId: '0b0e7d3a-4c1d-4f7e-9a55-0123456789ab',
  remote: '',
  role: '',
  logLevel: 'info',
  trailers: [],
  ceiling: '/repo/.worktrees',
};
const base = { PATH: process.env['PATH'] ?? '', HOME: '/home/ana' };

/** What `execve` counts: the name, the equals sign, the value and the final NUL. */
const sizeOf = (name: string, value: string | undefined): number => Buffer.byteLength(`${name}=${value}`) + 1;

/** What a program that is really started finds in a variable. */
function seenByProgram(env: Record<string, string>, name: string): string {
  const program = spawnSync(process.execPath, ['-e', `process.stdout.write(String(process.env[${JSON.stringify(name)}]))`], {
    env,
    maxBuffer: 8 * 1024 * 1024,
  });
  if (program.status !== 0) throw new Error(`not started: ${program.error}`);
  return program.stdout.toString('utf8');
}

describe('the environment of a command', () => {
  it('tells all about its run and keeps what the user had', () => {
    expect(commandEnvironment({ ...base, LANG: 'de_DE.UTF-8', AYNIG_FLAVOUR: 'mine' }, { ...facts, role: 'qa', remote: 'origin' })).toEqual(
      {
        ...base,
        LANG: 'de_DE.UTF-8',
        AYNIG_FLAVOUR: 'mine',
        GIT_CEILING_DIRECTORIES: '/repo/.worktrees',
        AYNIG_BODY: 'please build',
        AYNIG_BODY_FILE: '/tmp/body',
        AYNIG_COMMIT_HASH: 'c0ffee',
        AYNIG_LOG_LEVEL: 'info',
        AYNIG_BRANCH: 'main',
        AYNIG_STATE: 'build',
        AYNIG_RUN_ID: facts.runId,
        AYNIG_REMOTE: 'origin',
        AYNIG_ROLE: 'qa',
      },
    );
  });

  it('has nothing of another run that it was started from', () => {
    const outer = commandEnvironment(base, { ...facts, body: 'outer', trailers: [{ key: 'aynig-attempt', value: '3' }] });
    const inner = commandEnvironment({ ...outer, AYNIG_HOOK_CA_CERTS: '' }, { ...facts, state: 'inner', trailers: [] });
    expect(inner).toEqual({ ...commandEnvironment(base, facts), AYNIG_STATE: 'inner' });
  });

  it('does not silence the hooks of a command that commits', () => {
    expect(commandEnvironment({ ...base, AYNIG: '0' }, facts)).not.toHaveProperty('AYNIG');
  });

  it('gives back the certificates that the hook took out for speed', () => {
    const env = commandEnvironment({ ...base, AYNIG_HOOK_CA_CERTS: '/etc/ca.pem' }, facts);
    expect(env['NODE_EXTRA_CA_CERTS']).toBe('/etc/ca.pem');
    expect(env).not.toHaveProperty('AYNIG_HOOK_CA_CERTS');
    expect(commandEnvironment({ ...base, NODE_EXTRA_CA_CERTS: '/own.pem' }, facts)['NODE_EXTRA_CA_CERTS']).toBe('/own.pem');
    expect(commandEnvironment({ ...base, AYNIG_HOOK_CA_CERTS: '' }, facts)).not.toHaveProperty('NODE_EXTRA_CA_CERTS');
  });
});

describe("git's hook variables", () => {
  const local = spawnSync('git', ['rev-parse', '--local-env-vars']).stdout.toString().trim().split('\n');

  it.each([
    ...local,
    'GIT_AUTHOR_NAME',
    'GIT_AUTHOR_EMAIL',
    'GIT_AUTHOR_DATE',
    'GIT_COMMITTER_DATE',
    'GIT_EDITOR',
    'GIT_SEQUENCE_EDITOR',
    'GIT_REFLOG_ACTION',
    'GIT_CHERRY_PICK_HELP',
    'GIT_QUARANTINE_PATH',
    'GIT_PUSH_OPTION_COUNT',
    'GIT_PUSH_OPTION_0',
    'GIT_CONFIG_KEY_0',
    'GIT_CONFIG_VALUE_0',
    'GIT_INDEX_VERSION',
    'GIT_LITERAL_PATHSPECS',
    'GIT_NO_REPLACE_OBJECTS',
    'GIT_OPTIONAL_LOCKS',
    'GIT_MERGE_AUTOEDIT',
  ])('are not handed on: %s', (name) => {
    const env = commandEnvironment({ ...base, [name]: 'leaked' }, facts);
    expect(env[name]).not.toBe('leaked');
  });

  it('that say how to reach the world are kept', () => {
    const reach = { GIT_SSH_COMMAND: 'ssh -i key', GIT_ASKPASS: '/bin/ask', GIT_CONFIG_GLOBAL: '/etc/mine', GIT_SSL_CAINFO: '/ca.pem' };
    expect(commandEnvironment({ ...base, ...reach }, facts)).toMatchObject(reach);
  });

  it('are replaced by a ceiling above the worktree, whatever was set before', () => {
    expect(commandEnvironment({ ...base, GIT_CEILING_DIRECTORIES: '/' }, facts)['GIT_CEILING_DIRECTORIES']).toBe('/repo/.worktrees');
  });
});

describe('long values', () => {
  it.each([
    ['one byte a character', 'a'],
    ['two bytes a character', 'é'],
    ['three bytes a character', '日'],
    ['four bytes a character', '🙂'],
    ['a mixture', 'aé日🙂'],
  ])('are cut where a program can still be started, at the border of a character: %s', (_, unit) => {
    const body = unit.repeat(Math.ceil((1024 * 1024) / Buffer.byteLength(unit)));
    const env = commandEnvironment(base, { ...facts, body });
    const cut = env['AYNIG_BODY'] ?? '';
    const size = sizeOf('AYNIG_BODY', cut);
    expect(size).toBeLessThanOrEqual(maxVariableBytes);
    expect(size).toBeGreaterThan(maxVariableBytes - 4);
    expect(body.startsWith(cut)).toBe(true);
    expect(seenByProgram(env, 'AYNIG_BODY')).toBe(cut);
  });

  it('that just fit are whole', () => {
    const room = maxVariableBytes - 'AYNIG_BODY='.length - 1;
    expect(commandEnvironment(base, { ...facts, body: 'a'.repeat(room) })['AYNIG_BODY']).toHaveLength(room);
    expect(commandEnvironment(base, { ...facts, body: 'a'.repeat(room + 1) })['AYNIG_BODY']).toHaveLength(room);
  });

  it('lose NUL bytes, which no program can be given', () => {
    expect(commandEnvironment(base, { ...facts, body: 'a\0b' })['AYNIG_BODY']).toBe('ab');
  });
});

describe('trailers', () => {
  it('stand under their raw name and under one that shells accept', () => {
    const env = commandEnvironment(base, {
      ...facts,
      trailers: [
        { key: 'aynig-state', value: 'build' },
        { key: 'Plain', value: 'x' },
      ],
    });
    expect(env).toMatchObject({ 'AYNIG_TRAILER_AYNIG-STATE': 'build', AYNIG_TRAILER_AYNIG_STATE: 'build', AYNIG_TRAILER_PLAIN: 'x' });
    expect(seenByProgram(env, 'AYNIG_TRAILER_AYNIG-STATE')).toBe('build');
  });

  it('that repeat are joined line by line, whatever their capitals', () => {
    const trailers = [
      { key: 'Reviewed-by', value: 'Ana' },
      { key: 'other', value: 'x' },
      { key: 'reviewed-BY', value: 'Bo' },
    ];
    expect(trailerVariables(trailers)).toEqual({
      'AYNIG_TRAILER_REVIEWED-BY': 'Ana\nBo',
      AYNIG_TRAILER_REVIEWED_BY: 'Ana\nBo',
      AYNIG_TRAILER_OTHER: 'x',
    });
  });

  it('in the hundreds all arrive, beside a body of 1 MiB', () => {
    const trailers = Array.from({ length: 200 }, (_, index) => ({ key: `aynig-note-${index}`, value: 'v'.repeat(1024) }));
    const env = commandEnvironment(base, { ...facts, body: 'b'.repeat(1024 * 1024), trailers });
    for (const { key, value } of trailers) {
      expect(env[`AYNIG_TRAILER_${key.toUpperCase()}`]).toBe(value);
      expect(env[`AYNIG_TRAILER_${key.toUpperCase().replaceAll('-', '_')}`]).toBe(value);
    }
    expect(seenByProgram(env, 'AYNIG_TRAILER_AYNIG_NOTE_199')).toBe('v'.repeat(1024));
  });

  it('beyond what a program can be given are left out, and the command still starts', () => {
    const trailers = Array.from({ length: 900 }, (_, index) => ({ key: `key-${index}`, value: 'v'.repeat(1000) }));
    const variables = trailerVariables(trailers);
    const total = Object.entries(variables).reduce((sum, [name, value]) => sum + sizeOf(name, value), 0);
    expect(total).toBeLessThanOrEqual(maxTrailersBytes);
    expect(total).toBeGreaterThan(maxTrailersBytes - 2048);
    expect(seenByProgram(commandEnvironment(base, { ...facts, trailers }), 'AYNIG_TRAILER_KEY_0')).toBe('v'.repeat(1000));
  });

  it('that are too long themselves are cut', () => {
    const variables = trailerVariables([{ key: 'long-one', value: '🙂'.repeat(100_000) }]);
    for (const [name, value] of Object.entries(variables)) {
      expect(sizeOf(name, value)).toBeLessThanOrEqual(maxVariableBytes);
      expect(value).not.toContain('\uFFFD');
    }
    expect(Object.keys(variables)).toHaveLength(2);
  });
});
