import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../src/kernel/message.js';
import { readState } from '../../src/kernel/names.js';
import { anyMessage } from '../support/messages.js';
import { projectRoot, type Scratch, scratch } from '../support/scratch.js';
import { fc } from '../support/seeded.js';
import { shells } from '../support/shells.js';

const lib = join(projectRoot, 'ops-workflow-pack/command/.lib');

/** Runs shell text that has read the shared functions. */
function inShell(shell: readonly string[], repo: Scratch, script: string, env: Record<string, string> = {}, input: string | Buffer = '') {
  const [file = '', ...args] = shell;
  return repo.program(file, [...args, '-euc', `. "$ops_lib/ops.sh"\n${script}`], { env: { ops_lib: lib, ...env }, input, expected: 'any' });
}

/** Stores messages byte for byte, one commit each. */
function stored(repo: Scratch, messages: readonly (string | Buffer)[]): string[] {
  const folder = join(repo.root, 'objects');
  mkdirSync(folder);
  const tree = repo.git('rev-parse', 'HEAD^{tree}');
  const paths = messages.map((message, index) => {
    const path = join(folder, String(index));
    const who = `Ana Example <ana@example.com> ${1_700_000_000 + index} +0000`;
    writeFileSync(path, Buffer.concat([Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\n`), Buffer.from(message)]));
    return path;
  });
  const made = repo.gitAnswer(['hash-object', '-t', 'commit', '-w', '--stdin-paths'], { input: `${paths.join('\n')}\n`, expected: 0 });
  return made.stdout.trim().split('\n');
}

const table: readonly string[] = [
  'title\n',
  '\n',
  'title',
  'title\n\nkey: value',
  'title\nsecond line\n\nbody\n\naynig-state: build\n',
  '\n\n  title  \n\nbody\n\naynig-state: build\naynig-note: a: b\n',
  'title\n\naynig-state: build\n',
  'aynig-state: build\n',
  '\n\naynig-state: build\n',
  'title\n\nbody\n\n\nkey: folded\n over\n\tlines \nother:\n\n\n',
  'title\n\n folded: without a key\nkey: value\n',
  'title\n\n(cherry picked from commit 0123)\nkey: value\n',
  'title\n\n(cherry picked from commit 0123)\n folded\nkey: value\n',
  'title\n\nkey: value\n(cherry picked from commit 0123)\n folded\n',
  'title\n\nprose\nkey: value\n',
  'title\n\n: value\n',
  'title\n\nkey_x: value\n',
  'title\n\nkey : value\nother\t:\tvalue\t\n',
  'title\r\n\r\nbody\r\nmore\r\n\r\nkey: value\r\nother: value\r\n',
  'title\n\nkey: a\nkey: b\nKEY: c\n',
  'title\n\n \t\n\nbody\n\n \t \n\nkey: value\n\n\t\n',
  'title\n\nschlüssel: wert\n',
  'title\n\nkey: wért 日本\n',
  'Prüfung 日本\n\nKörper\n\nkey: value\n',
  '\v\n\nbody\n\nkey: value\n',
  'title\n\nbody\n\r\nkey: value\n',
  'title\n\nkey:\n',
  `title\n\n${'long line '.repeat(2000)}\n\nkey: value\n`,
];

describe('the pack reads messages as the kernel does', () => {
  const random = fc.sample(anyMessage, { numRuns: 150, seed: 20_260 });
  const messages = [...table, ...random.map((text) => (text.endsWith('\n') ? text : `${text}\n`))];

  test.each(shells.map((shell) => [shell.join(' '), shell] as const))('under %s', (_, shell) => {
    const repo = scratch();
    const commits = stored(repo, messages);
    const out = join(repo.root, 'out');
    mkdirSync(out);
    inShell(
      shell,
      repo,
      'n=0; while read -r commit; do for part in title body trailers; do ops_part "$part" "$commit" >"$OUT/$n.$part"; done; n=$((n + 1)); done',
      { OUT: out },
      `${commits.join('\n')}\n`,
    );
    let compared = 0;
    for (const [index, text] of messages.entries()) {
      const parsed = parseMessage(Buffer.from(text));
      if (parsed.kind === 'invalid') continue;
      compared++;
      const read = (part: string): string => readFileSync(join(out, `${index}.${part}`), 'utf8').replace(/\n$/, '');
      const { title, body, trailers } = parsed.message;
      expect({ text, title: read('title'), body: read('body'), trailers: read('trailers') }).toEqual({
        text,
        title,
        body,
        trailers: trailers.map(({ key, value }) => `${key}: ${value}`).join('\n'),
      });
    }
    process.stdout.write(`${compared} messages read alike under ${shell.join(' ')}\n`);
    expect(compared).toBeGreaterThan(80);
  });

  test('whatever is configured for git log', () => {
    const repo = scratch();
    const [commit = ''] = stored(repo, ['Prüfung\n\nkey: é\n']);
    for (const setting of ['i18n.logOutputEncoding=latin1', 'log.showSignature=true', 'trailer.separators=#', 'log.showRoot=false'])
      repo.git('config', setting.split('=')[0] ?? '', setting.split('=')[1] ?? '');
    const answer = inShell(['sh'], repo, `ops_part title ${commit}; ops_trailer ${commit} KEY`);
    expect(answer.stdout).toBe('Prüfung\né\n');
  });
});

describe.each(shells.map((shell) => [shell.join(' '), shell] as const))('under %s', (_, shell) => {
  test.each([
    'build',
    'Build',
    'ops/triage',
    'a.b_c-d/1',
    'x'.repeat(128),
    'x'.repeat(129),
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    'a/.b',
    '.a',
    '-a',
    'a..b',
    'a b',
    'a\nb',
    'bücher',
    '\u212A',
    'a;b',
    '$(id)',
    '*',
  ])('the name of a state is what it is to the kernel: %j', (name) => {
    const answer = inShell(shell, scratch(), 'ops_state_name "$NAME"', { NAME: name });
    expect(answer.stdout.trim()).toBe(readState(name) ?? '');
    expect(answer.exitCode).toBe(readState(name) === undefined ? 1 : 0);
  });

  test('numbers are whole, short and without leading zeros, or the default', () => {
    const texts = ['0', '7', '007', '000', '123456789', '1234567890', '', '-1', '1.5', '1e3', ' 1', '0x10', '٣', 'abc'];
    const answer = inShell(shell, scratch(), texts.map((text) => `ops_number '${text}' default`).join('\n'));
    expect(answer.stdout.trim().split('\n')).toEqual(['0', '7', '7', '0', '123456789', ...Array(9).fill('default')]);
  });

  test('a wait lies between half and all of a base that doubles, up to the most that is allowed', () => {
    const cases: { attempt: number; base: number; most: number; ceiling: number }[] = [];
    for (const attempt of [0, 1, 2, 3, 7, 999_999_999])
      for (const [base, most] of [
        [5, 300],
        [0, 300],
        [1, 1],
        [7, 0],
        [400, 300],
        [999_999_999, 999_999_999],
      ] as const)
        cases.push({ attempt, base, most, ceiling: Math.min(most, base * 2 ** Math.min(Math.max(attempt, 1) - 1, 60)) });
    const script = cases.flatMap(({ attempt, base, most }) =>
      ['a', 'b', 'c'].map((seed) => `ops_backoff ${attempt} ${base} ${most} ${seed}`),
    );
    const waits = inShell(shell, scratch(), script.join('\n')).stdout.trim().split('\n').map(Number);
    expect(waits).toHaveLength(script.length);
    for (const [index, wait] of waits.entries()) {
      const { ceiling } = cases[Math.floor(index / 3)] ?? { ceiling: -1 };
      expect(wait).toBeLessThanOrEqual(ceiling);
      expect(wait).toBeGreaterThanOrEqual(ceiling / 2);
    }
  });

  test('waits are spread over the whole of that half', () => {
    const seeds = Array.from({ length: 200 }, (_, index) => `ops_backoff 9 1 100 run-${index}`);
    const waits = inShell(shell, scratch(), seeds.join('\n')).stdout.trim().split('\n').map(Number);
    expect(Math.min(...waits)).toBeLessThan(57);
    expect(Math.max(...waits)).toBeGreaterThan(93);
    expect(new Set(waits).size).toBeGreaterThan(35);
  });

  test('a time limit leaves time for the end', () => {
    const repo = scratch();
    const left = (seconds?: string): number => {
      if (seconds !== undefined) repo.git('config', 'aynig.timeoutSeconds', seconds);
      return Number(inShell(shell, repo, 'ops_time_left 3').stdout);
    };
    expect(left()).toBe(999_999_999);
    expect(left('0')).toBe(999_999_999);
    expect(left('100')).toBe(82);
    expect(left('6')).toBe(0);
  });

  test('a line is one line that a trailer may hold, and no character of it is cut in two', () => {
    const repo = scratch();
    const texts = [
      'two\nlines\tand\ra bell\x07',
      'turned \u202E around, unseen \u200B\uFEFF, private \uE000, soft\u00AD, \u2028 broken',
      `${'é'.repeat(800)}`,
      `a${'日'.repeat(800)}`,
      `${'🙂'.repeat(800)}`,
      '   ',
      'naïve 日本 🙂 – plain',
    ];
    for (const text of texts) {
      const { stdout } = inShell(shell, repo, 'ops_line "$TEXT"', { TEXT: text });
      const line = stdout.replace(/\n$/, '');
      expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\uFFFD]/u);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(900);
      const message = parseMessage(Buffer.from(`title\n\naynig-note: ${line === '' ? 'x' : line}\n`));
      expect(message.kind).toBe('message');
    }
    expect(inShell(shell, repo, 'ops_line "$TEXT"', { TEXT: texts[6] ?? '' }).stdout).toBe('naïve 日本 🙂 – plain\n');
    const broken = inShell(shell, repo, 'ops_line "$(printf \'a\\377\\303b\\355\\240\\200c\\300\\257\')"');
    expect(broken.stdout).toMatch(/^a\?\?b\?+c\?+\n$/);
  });

  test('a commit holds the body as it is, and nothing in the body is a request or hides one', () => {
    const repo = scratch();
    const body =
      'aynig-state: evil\n Aynig-Note : x\nAYNIG-RUN-ID: y\n# a comment\n# ------------------------ >8 ------------------------\nbelow\n\nkey: value\n\n\n';
    writeFileSync(join(repo.root, 'body'), Buffer.concat([Buffer.from(body), Buffer.from([0])]));
    inShell(shell, repo, 'ops_advance review " A  title " "$BODY" "aynig-note: why" "" "x-y: z"', { BODY: join(repo.root, 'body') });
    const read = parseMessage(Buffer.from(repo.git('log', '-1', '--format=%B')));
    expect(read).toMatchObject({
      kind: 'message',
      message: {
        title: 'A  title',
        trailers: [
          { key: 'aynig-note', value: 'why' },
          { key: 'x-y', value: 'z' },
          { key: 'aynig-state', value: 'review' },
        ],
      },
    });
    const held = read.kind === 'message' ? read.message.body : '';
    expect(held).not.toMatch(/^aynig-/im);
    expect(held).toContain('below\n\nkey: value');
  });

  test('a program that hangs is ended in time, one that ends keeps its code and its input', () => {
    const repo = scratch();
    const answer = inShell(
      shell,
      repo,
      `ops_bounded 1 sleep 600 || echo "hung $?"
       ops_bounded 50 sh -c 'cat; exit 7' || echo "ended $?"
       ops_bounded 1 sh -c 'trap "" TERM; exec sleep 600' || echo "deaf $?"
       ops_bounded 50 true && echo well`,
      {},
      'input\n',
    );
    expect(answer.stdout).toBe('hung 124\ninput\nended 7\ndeaf 124\nwell\n');
  });

  test('what a run was asked by is found behind renewals, and not by a copy of its lease', () => {
    const repo = scratch();
    const run = '11111111-2222-3333-4444-555555555555';
    const request = repo.request('build');
    const lease = (parent: string): void => {
      repo.request('working', { trailers: ['aynig-origin-state: build', `aynig-run-id: ${run}`, `aynig-parent: ${parent}`] });
    };
    lease(request);
    repo.request('other');
    lease(repo.head());
    const found = (): string => inShell(shell, repo, `ops_request_of ${run}; ops_request_of '$(touch x)'`).stdout.trim();
    expect(found()).toBe(request);
    lease('0'.repeat(40));
    expect(found()).toBe(request);
    repo.git('checkout', '--quiet', '--detach', 'HEAD~4');
    expect(found()).toBe('');
  });
});

describe('a shell that waits', () => {
  test.each(shells.map((shell) => [shell.join(' '), shell] as const))('ends at once by TERM under %s', async (_, shell) => {
    const repo = scratch();
    const request = repo.request('build');
    repo.request('working', { trailers: ['aynig-lease-seconds: 600', `aynig-parent: ${request}`] });
    const [file = '', ...args] = shell;
    const script = `(${[file, ...args].join(' ')} -euc '. "$ops_lib/ops.sh"; echo waits >"$HOME/waits"; ops_wait 500 why' & echo $! >"$HOME/pid"; wait $!; echo $? >"$HOME/code") >/dev/null 2>&1 &`;
    repo.program('sh', ['-c', script], { env: { ops_lib: lib, AYNIG_COMMIT_HASH: request, AYNIG_REMOTE: '' } });
    const note = (name: string): string => (existsSync(join(repo.root, name)) ? readFileSync(join(repo.root, name), 'utf8').trim() : '');
    await repo.until('it waits', () => note('waits') !== '' && note('pid') !== '');
    spawnSync('kill', ['-TERM', note('pid')]);
    await repo.until('it has ended', () => note('code') === '143');
  });
});
