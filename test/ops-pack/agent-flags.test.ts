import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Facts, Option } from '../../scripts/agent-help.mjs';
import { projectRoot, temporaryDirectory } from '../support/scratch.js';
import { type Agent, agents, flagsOf, withAgents } from '../support/stand-in-agents.js';

const captureOf = (agent: Agent): string => join(projectRoot, 'test/agents', agent, 'flags.json');
/** Those of whose real help the options are captured, by scripts/agents.mjs: aider is a Python program, and not on the npm registry. */
const captured = agents.filter((agent) => existsSync(captureOf(agent)));

const helpOf = (agent: Agent): Facts => JSON.parse(readFileSync(captureOf(agent), 'utf8'));
const optionOf = (agent: Agent, flag: string): Option | undefined =>
  helpOf(agent).options.find(({ spellings }) => spellings.includes(flag));
/** Those that the help does not define. */
const missing = (agent: Agent, flags: readonly string[]): string[] => flags.filter((flag) => optionOf(agent, flag) === undefined);

/** The shell of an adapter that starts its agent. */
function shellOf(agent: Agent): string {
  const source = readFileSync(join(projectRoot, `ops-workflow-pack/command/.lib/agents/${agent}.sh`), 'utf8');
  const [, body = ''] = /^agent_exec\(\) \{\n(.*?)^\}/ms.exec(source) ?? [];
  return body.replaceAll(/^\s*#.*$/gm, '').replaceAll('\\\n', ' ');
}
const unique = (words: readonly string[]): string[] => [...new Set(words)].sort();
/** All that looks like a flag there, but for the operators of a test: also those that only a condition adds. */
const flagsInSource = (shell: string): string[] =>
  unique(shell.replaceAll(/\[ -[nz] [^\]]*\]/g, '').match(/(?<=^|[\s"'=])--?[A-Za-z][\w-]*/gm) ?? []);

const given = new Map<Agent, readonly string[]>();
/** What the agent is really given, a flag that comes out of a variable too. `--flag=value` is two words here. */
function wordsPassed(agent: Agent): readonly string[] {
  let words = given.get(agent);
  if (words === undefined) {
    const made = withAgents([agent]);
    made.setting('aynig.agent.model', 'small');
    made.ask();
    words = made.arguments().flatMap((word) => /^(--[A-Za-z][\w-]*)=(.*)$/s.exec(word)?.slice(1) ?? word);
    given.set(agent, words);
  }
  return words;
}
const flagsPassed = (agent: Agent): string[] => unique(wordsPassed(agent).filter((word) => /^--?[A-Za-z][\w-]*$/.test(word)));
/** The values that are passed for flags of which the help lists the values. */
const listedValuesPassed = (agent: Agent): string[][] =>
  wordsPassed(agent).flatMap((word, index, all) =>
    (optionOf(agent, word)?.values ?? []).length === 0 ? [] : [[word, all[index + 1] ?? '']],
  );

const readme = readFileSync(join(projectRoot, 'ops-workflow-pack/README.md'), 'utf8');
const titles: Readonly<Partial<Record<Agent, string>>> = {
  claude: 'Claude Code',
  codex: 'Codex',
  opencode: 'opencode',
  gemini: 'Gemini CLI',
};
const rowOf = (agent: Agent): string => new RegExp(`^\\| \`${agent}\` \\| .*$`, 'm').exec(readme)?.[0] ?? '';

/** Values that the adapters hand over, where the help lists which there are. */
const values: Readonly<Partial<Record<Agent, readonly (readonly string[])[]>>> = {
  claude: [
    ['--output-format', 'stream-json'],
    ['--permission-mode', 'acceptEdits'],
  ],
  codex: [
    ['--sandbox', 'workspace-write'],
    ['--color', 'never'],
  ],
  opencode: [],
  gemini: [
    ['--approval-mode', 'auto_edit'],
    ['--output-format', 'text'],
  ],
};

test('the options of every agent that the npm registry has are captured, in one version of each', () => {
  expect(agents.filter((agent) => !captured.includes(agent))).toEqual(['aider']);
  for (const agent of captured) {
    const { dependencies } = JSON.parse(readFileSync(join(projectRoot, 'test/agents', agent, 'package.json'), 'utf8'));
    expect({ [helpOf(agent).package]: helpOf(agent).version }).toEqual(dependencies);
  }
});

test('the README names the version of each whose help was looked at', () => {
  for (const agent of captured) expect(readme).toContain(`${titles[agent]} ${helpOf(agent).version}`);
});

test.each(agents)('the source of the adapter of %s names the flags that it passes, and no other', (agent) => {
  expect(flagsInSource(shellOf(agent))).toEqual(flagsPassed(agent));
});

test('no adapter takes the brakes off by itself', () => {
  for (const agent of agents) expect(shellOf(agent)).not.toMatch(/danger|yolo|bypass|skip|full-access|--auto(?:\s|$)|--trust|allow-all/i);
});

test('a stand-in takes every flag of its adapter', () => {
  for (const agent of agents) expect(Object.keys(flagsOf(agent))).toEqual(expect.arrayContaining(flagsInSource(shellOf(agent))));
});

test.each(captured)('a stand-in takes a value with a flag where the real help of %s defines one', (agent) => {
  for (const [flag, count] of Object.entries(flagsOf(agent)))
    expect([flag, optionOf(agent, flag)?.value === null]).toEqual([flag, count === 0]);
});

test.each(captured)('the adapter of %s passes values that its real help lists', (agent) => {
  expect(listedValuesPassed(agent)).toEqual(values[agent]);
  for (const [flag = '', value] of listedValuesPassed(agent)) expect(optionOf(agent, flag)?.values).toContain(value);
});

// Where the program itself is installed, it is asked too; where it is not, the line that is printed says so.
test.each(captured)('every flag of the adapter, the stand-in and the README of %s is defined in its real help', (agent) => {
  const { command, reads } = helpOf(agent);
  const asked = spawnSync(process.execPath, ['scripts/agents.mjs', '--check', '--installed', agent], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  process.stdout.write(asked.stdout);
  expect(asked.status, asked.stdout + asked.stderr).toBe(0);

  const flags = flagsInSource(shellOf(agent));
  expect(flags).not.toEqual([]);
  expect(missing(agent, flags)).toEqual([]);
  expect(missing(agent, Object.keys(flagsOf(agent)))).toEqual([]);
  expect(missing(agent, rowOf(agent).match(/(?<=`)--[\w-]+/g) ?? [])).toEqual([]);
  // The program was asked about what the adapter starts, and did not answer about something else.
  const [, subcommand] = /(?:^|\s)set -- ([a-z]+)/m.exec(shellOf(agent)) ?? [];
  const starts = subcommand === undefined ? agent : `${agent} ${subcommand}`;
  expect(command).toBe(`${starts} --help`);
  expect(unique(shellOf(agent).match(/\b(?:OPENCODE|CLAUDE)[A-Z_]*\b/g) ?? [])).toEqual(unique(reads));
});

test('a flag that does not exist is found missing, wherever an adapter has it from', () => {
  for (const agent of captured) {
    expect(missing(agent, ['--no-such-flag', '--mode', '--model', '-'])).toEqual(['--no-such-flag', '--mode', '-']);
    for (const line of ['set -- --no-such-flag "$@"', '[ -z "$x" ] || more="--no-such-flag=1"', `exec ${agent} "$@" --no-such-flag`])
      expect(missing(agent, flagsInSource(`${shellOf(agent)}\n${line}\n`))).toEqual(['--no-such-flag']);
  }
  // The real help has these only in sentences about other flags.
  expect(missing('claude', ['--system-prompt[-file]', '--append-system-prompt-file', '--plugin-dir'])).toEqual([
    '--system-prompt[-file]',
    '--append-system-prompt-file',
  ]);
});

test('of what is said in a help nothing is captured', () => {
  for (const agent of captured) {
    const { options, ...head } = helpOf(agent);
    expect(Object.keys(head)).toEqual(['package', 'version', 'command', 'reads']);
    for (const { spellings, value, values: listed, ...more } of options) {
      expect(more).toEqual({});
      for (const word of [...spellings, value ?? '', ...listed]) expect(word).not.toMatch(/\s/);
    }
  }
});

/** The script in a project of its own, where codex is a program that prints what is said here. */
function asked(printed: string, { version = '1.2.3', complete = true } = {}): string {
  const root = temporaryDirectory();
  const folder = join(root, 'test/agents/codex');
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  for (const name of ['agents.mjs', 'agent-help.mjs']) cpSync(join(projectRoot, 'scripts', name), join(root, 'scripts', name));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { '@openai/codex': '1.2.3' } }));
  const option = (flag: string): string => `    {"spellings":["${flag}"],"value":null,"values":[]}`;
  writeFileSync(
    join(folder, 'flags.json'),
    `{
  "package": "@openai/codex",
  "version": "1.2.3",
  "command": "codex exec --help",
  "reads": [],
  "options": [
${option('--old')},
${option('--both')}
  ]
}
`,
  );
  const program = join(folder, 'node_modules/.bin/codex');
  writeFileSync(program, `#!/bin/sh\nprintf 'Usage: codex exec [OPTIONS]\n\nOptions:\n${printed}'\n`);
  chmodSync(program, 0o755);
  const written = JSON.stringify({ packages: { 'node_modules/@openai/codex': { version } } });
  if (complete) writeFileSync(join(folder, 'node_modules/.package-lock.json'), written);
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'scripts/agents.mjs'), '--check', '--installed', 'codex'], {
    encoding: 'utf8',
  });
  return `${status} ${stdout}`;
}

test('a program whose flags are no longer the captured ones is named, with the line in which they differ', () => {
  const same = '0 codex: the captured flags are those that 1.2.3 defines\n';
  expect(asked('  --old\\n  --both\\n')).toBe(same);
  // In other words.
  expect(asked('  --old\\n          Was --new.\\n  --both\\n          Of one sort.\\n')).toBe(same);
  expect(asked('  --new\\n  --both\\n')).toMatch(
    /^1 codex: the captured flags are not those that 1\.2\.3 defines: line 7 of flags\.json\n {2}captured: .*--old.*\n {2}defined: .*--new/,
  );
  expect(asked('  --old\\n')).toMatch(/^1 .*line 7 of flags\.json\n/s);
  expect(asked('  --old\\n  --both <NAME>\\n')).toMatch(/^1 .*line 8 of flags\.json\n.*null.*\n.*"<NAME>"/s);
  expect(asked('  --old\\n  --both\\n          [possible values: x]\\n')).toMatch(/^1 .*line 8 of flags\.json\n/s);
  expect(asked('  --old\\n  --both or not\\n')).toBe('1 codex: this line of its help cannot be read: --both or not\n');
});

test.each([
  ['in another version', { version: '1.2.4' }],
  ['by half, when npm was interrupted', { complete: false }],
])('an agent that is installed %s is not asked, and a line says that its captured flags are used', (_, state) => {
  expect(asked('  --new\\n', state)).toBe('0 codex: not installed here: the captured flags of 1.2.3 are taken as they are\n');
});
