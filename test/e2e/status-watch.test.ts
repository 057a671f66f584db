import { spawn } from 'node:child_process';
import { renameSync } from 'node:fs';
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { cliPath, type Scratch, scratch } from '../support/scratch.js';
import { noTerminal } from '../support/servers/terminal.js';
import { skipBecause } from '../support/workspace.js';

/** A program on a terminal of script(1): what it has written so far, what is typed, and how it ends. */
interface Session {
  readonly written: () => string;
  readonly type: (keys: string) => void;
  readonly ended: Promise<number | null>;
}

function onTerminal(made: Scratch, line: string, env: Record<string, string> = {}): Session {
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'], {
    cwd: made.path,
    env: { ...made.env, TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  return { written: () => text, type: (keys) => void child.stdin.write(keys), ended };
}

const aynig = (args: string, size = 'rows 20 cols 100'): string => `stty ${size}; exec '${process.execPath}' '${cliPath}' ${args}`;

/** What the terminal shows after the last frame, without colours. */
function frameOf(session: Session): string[] {
  const frame = session.written().split('\u001b[H').at(-1) ?? '';
  return frame.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').split(/\r+\n/);
}

const enter = '\u001b[?1049h';
const leave = '\u001b[?25h\u001b[?1049l';

function watched(context: TestContext): Scratch {
  const missing = noTerminal();
  if (missing !== undefined) skipBecause(missing, context);
  const made = scratch();
  made.git('switch', '--quiet', '--create', 'topic');
  made.request('review', { title: 'Look at it' });
  return made;
}

describe('aynig status on a terminal', () => {
  test('is coloured and fits it, and is plain where NO_COLOR is set or the terminal is dumb', async (context) => {
    const made = watched(context);
    made.git('branch', `feature/${'x'.repeat(80)}`);
    const shown = async (env: Record<string, string>): Promise<string> => {
      const session = onTerminal(made, aynig('status --all', 'rows 20 cols 60'), env);
      expect(await session.ended).toBe(0);
      return session.written();
    };
    const coloured = await shown({});
    expect(coloured).toContain('\u001b[33m');
    const plain = await shown({ NO_COLOR: '1' });
    expect(plain).not.toContain('\u001b');
    expect(plain).toMatch(/featur…x+ /);
    for (const line of plain.split(/\r\n/).slice(0, 3)) expect(line.length).toBeLessThanOrEqual(60);
    const dumb = await shown({ TERM: 'dumb' });
    expect(dumb).not.toContain('\u001b');
    expect(dumb).toContain('x'.repeat(80));
  });
});

describe('aynig status --watch', () => {
  test('says so where the repository is moved away, and goes on once it is back', async (context) => {
    const made = watched(context);
    const session = onTerminal(made, aynig('status --all --watch'));
    await made.until('the table is there', () => frameOf(session).some((line) => line.includes('1 needs a person')));
    renameSync(made.path, `${made.path}-away`);
    await made.until('it is missed', () => frameOf(session).at(-1)?.includes('[not-a-repository]') === true);
    expect(frameOf(session).some((line) => line.includes('topic'))).toBe(true);
    renameSync(`${made.path}-away`, made.path);
    await made.until('it is read again', () => frameOf(session).at(-1)?.includes('1 needs a person') === true);
    session.type('\u0003');
    expect(await session.ended).toBe(130);
  });

  test('shows what changes, and gives the terminal back on Ctrl-C with exit code 130', async (context) => {
    const made = watched(context);
    const session = onTerminal(made, aynig('status --all --watch'));
    await made.until('the table is there', () => frameOf(session).some((line) => line.includes('1 needs a person')));
    expect(session.written().indexOf(enter)).toBeGreaterThanOrEqual(0);
    expect(frameOf(session)).toHaveLength(20);
    made.git('branch', 'another');
    // The last line is there when all of the frame is: a terminal hands on what is written in pieces.
    await made.until('all of it is there', () => frameOf(session).at(-1) === '2 need a person, 0 running, 0 other, 1 without a state');
    expect(frameOf(session).some((line) => line.includes('another') && line.includes('review'))).toBe(true);
    session.type('\u0003');
    expect(await session.ended).toBe(130);
    expect(session.written().split(leave)).toHaveLength(2);
    expect(session.written().trimEnd().endsWith(leave)).toBe(true);
  });

  test('follows the terminal when that changes its size, and says what does not fit', async (context) => {
    const made = watched(context);
    for (let index = 0; index < 20; index++) made.git('branch', `more/${index}`);
    const session = onTerminal(made, `tty >tty; ${aynig('status --all --watch', 'rows 30 cols 100')}`);
    await made.until('the table is there', () => frameOf(session).length === 30 && !session.written().includes('more\u001b'));
    const terminal = made.read('tty').trim();
    made.program('stty', ['--file', terminal, 'rows', '8', 'cols', '50']);
    await made.until('it fits', () => frameOf(session).length === 8 && frameOf(session).at(-1)?.startsWith('21 need a person'));
    const frame = frameOf(session);
    for (const line of frame) expect(line.length).toBeLessThanOrEqual(50);
    expect(frame.at(-2)).toBe('… and 17 more');
    session.type('\u0003');
    expect(await session.ended).toBe(130);
  });

  test('watches one branch, and keeps what was seen while that cannot be read', async (context) => {
    const made = watched(context);
    const session = onTerminal(made, aynig('status --watch'));
    await made.until('it is there', () => frameOf(session).some((line) => /^state +review/.test(line)));
    made.git('switch', '--quiet', '--detach');
    await made.until('the problem is said', () => frameOf(session).some((line) => line.includes('[detached-head]')));
    expect(frameOf(session).some((line) => /^state +review/.test(line))).toBe(true);
    made.git('switch', '--quiet', 'main');
    await made.until('it is read again', () => frameOf(session).some((line) => /^branch +main/.test(line)));
    expect(frameOf(session).join('\n')).not.toContain('[detached-head]');
    session.type('\u0003');
    expect(await session.ended).toBe(130);
  });

  test('fails where there is nothing to be seen, and leaves the terminal as it was', async (context) => {
    const made = watched(context);
    const session = onTerminal(made, aynig('status nowhere --watch'));
    expect(await session.ended).toBe(1);
    expect(session.written()).toContain('[no-such-branch]');
    expect(session.written()).not.toContain(enter);
  });

  test('asks for nothing but the refs while nothing moves', async (context) => {
    const made = watched(context);
    const trace = `${made.root}/trace`;
    const session = onTerminal(made, aynig('status --all --watch'), { GIT_TRACE2_EVENT: trace });
    const started = (): string[] =>
      made
        .program('sh', ['-c', `cat '${trace}' 2>/dev/null || :`])
        .stdout.split('\n')
        .flatMap((line) => /"event":"start".*"(for-each-ref|cat-file|symbolic-ref|config|rev-parse)"/.exec(line)?.[1] ?? []);
    await made.until('the table is there', () => frameOf(session).some((line) => line.includes('1 needs a person')));
    const first = started().length;
    const calls = await made.until('it was looked at twice more', () => {
      const more = started().slice(first);
      return more.length >= 2 && more;
    });
    expect(new Set(calls)).toEqual(new Set(['for-each-ref']));
    session.type('\u0003');
    expect(await session.ended).toBe(130);
  });
});
