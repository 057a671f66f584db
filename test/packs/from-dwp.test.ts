import { describe, expect, it } from 'vitest';
import { isOfEarlierNaming, maxLeftOver, maxTextBytes, type PackFile, translate } from '../../src/packs/from-dwp.js';
import { fc } from '../support/seeded.js';

const file = (path: string, content: string | Uint8Array, mode = '100644'): PackFile => ({
  path,
  mode,
  bytes: typeof content === 'string' ? Buffer.from(content) : content,
});
const textOf = ({ bytes }: PackFile | undefined = file('', '')): string => Buffer.from(bytes).toString('utf8');

/** The text of one file, and the lines that are left over with the beginnings of the reasons. */
function translated(path: string, text: string): { text: string; leftOver: string[] } {
  const { files, leftOver } = translate([file(path, text)]);
  return { text: textOf(files[0]), leftOver: leftOver.map(({ line, why }) => `${line} ${why}`) };
}

const whole: readonly [path: string, before: string, after: string][] = [
  ['sh', "git commit --allow-empty -m 'Done' -m 'dwp-state: done'", "git commit --allow-empty -m 'Done' -m 'aynig-state: done'"],
  ['sh', "printf 'title\\n\\ndwp-state: %s\\ndwp-note: x\\n' done", "printf 'title\\n\\naynig-state: %s\\naynig-note: x\\n' done"],
  ['sh', 'git log -1 --format="%(trailers:key=dwp-run-id,valueonly)"', 'git log -1 --format="%(trailers:key=aynig-run-id,valueonly)"'],
  ['sh', 'echo "$BODY" >prompt; echo "${COMMIT_HASH}"', 'echo "$AYNIG_BODY" >prompt; echo "${AYNIG_COMMIT_HASH}"'],
  ['sh', '[ "${LOG_LEVEL:-info}" = debug ] && set -x', '[ "${AYNIG_LOG_LEVEL:-info}" = debug ] && set -x'],
  ['sh', '[ $ROLE = qa ] || exit 1', '[ $AYNIG_ROLE = qa ] || exit 1'],
  ['sh', 'echo "${#BODY} ${BODY%%:*}"', 'echo "${#AYNIG_BODY} ${AYNIG_BODY%%:*}"'],
  ['sh', 'sh -c "echo \\$BODY"', 'sh -c "echo \\$AYNIG_BODY"'],
  ['sh', 'printenv BODY', 'printenv AYNIG_BODY'],
  [
    'sh',
    'attempt=${DWP_ATTEMPT:-1}; max=$DWP_MAX_ATTEMPTS',
    'attempt=${AYNIG_TRAILER_AYNIG_ATTEMPT:-1}; max=$AYNIG_TRAILER_AYNIG_MAX_ATTEMPTS',
  ],
  [
    'sh',
    'echo "$DWP_STATE $DWP_ORIGIN_STATE $DWP_RUN_ID"',
    'echo "$AYNIG_TRAILER_AYNIG_STATE $AYNIG_TRAILER_AYNIG_ORIGIN_STATE $AYNIG_TRAILER_AYNIG_RUN_ID"',
  ],
  [
    'sh',
    'printenv "AYNIG_TRAILER_DWP-STATE"; echo $AYNIG_TRAILER_DWP_NEXT_ON_FAILURE',
    'printenv "AYNIG_TRAILER_AYNIG-STATE"; echo $AYNIG_TRAILER_AYNIG_NEXT_ON_FAILURE',
  ],
  ['sh', 'aynig set-state --dwp-state review', 'aynig set-state review'],
  ['sh', 'aynig set-state --subject "a; b" --dwp-state="$NEXT" --prompt x', 'aynig set-state "$NEXT" --subject "a; b" --prompt x'],
  ['sh', 'aynig set-state \\\n  --dwp-state review \\\n  --prompt "$(cat x)"', 'aynig set-state review \\\n  --prompt "$(cat x)"'],
  ['sh', "aynig set-state --prompt x \\\n  --dwp-state 'to do' || exit 1", "aynig set-state 'to do' --prompt x || exit 1"],
  ['sh', 'aynig run --dwp-remote origin --role qa', 'aynig run --aynig-remote origin --role qa'],
  [
    'sh',
    './bin/aynig run --role "$DWP_NOTE" --dwp-remote=origin',
    './bin/aynig run --role "$AYNIG_TRAILER_AYNIG_NOTE" --aynig-remote=origin',
  ],
  ['sh', 'aynig run; aynig run aynig run --dwp-remote a', 'aynig run; aynig run aynig run --aynig-remote a'],
  [
    'sh',
    'aynig set-state --dwp-state "$(aynig run --dwp-remote a)" --prompt "$(aynig run --dwp-remote b)"',
    'aynig set-state "$(aynig run --aynig-remote a)" --prompt "$(aynig run --aynig-remote b)"',
  ],
  ['sh', "git commit -m x -m 'dwp-source: git:origin'", "git commit -m x -m 'aynig-remote: origin'"],
  ['sh', 'git commit -m x -m "dwp-source:git:${REMOTE}"', 'git commit -m x -m "aynig-remote:${REMOTE}"'],
  ['sh', 'sed -n "s/^dwp-attempt: //p" | tail -n 1', 'sed -n "s/^aynig-attempt: //p" | tail -n 1'],
  ['sh', '. "$(git rev-parse --show-toplevel)/.dwp/command/lib.sh"', '. "$(git rev-parse --show-toplevel)/.aynig/command/lib.sh"'],
  ['sh', "grep -v '\\.dwp/' list; ls .dwp .dwp/logs", "grep -v '\\.aynig/' list; ls .aynig .aynig/logs"],
  [
    'command/x',
    '#!/usr/bin/env bash\nwhile read -r line; do :; done <<<"$BODY"',
    '#!/usr/bin/env bash\nwhile read -r line; do :; done <<<"$AYNIG_BODY"',
  ],
  ['x.bash', 'for word in $BODY; do echo "$word"; done', 'for word in $AYNIG_BODY; do echo "$word"; done'],
  ['x.bash', 'cat <<EOF\ntitle\n\nDwp-State: done\nEOF', 'cat <<EOF\ntitle\n\nAynig-State: done\nEOF'],
  ['x.js', 'const body = process.env.BODY ?? "";', 'const body = process.env.AYNIG_BODY ?? "";'],
  [
    'x.mjs',
    "const BODY = process.env['BODY'];\nconsole.log(`${BODY}`);",
    "const BODY = process.env['AYNIG_BODY'];\nconsole.log(`${BODY}`);",
  ],
  ['x.ts', 'const state = process.env.DWP_STATE;', 'const state = process.env.AYNIG_TRAILER_AYNIG_STATE;'],
  [
    'x.ts',
    "execFileSync('aynig', ['set-state', '--dwp-state', next, '--prompt', text]);",
    "execFileSync('aynig', ['set-state', next, '--prompt', text]);",
  ],
  [
    'x.ts',
    "spawn('aynig', ['set-state', '--dwp-state=done']); spawn('aynig', ['run', '--dwp-remote', r]);",
    "spawn('aynig', ['set-state', 'done']); spawn('aynig', ['run', '--aynig-remote', r]);",
  ],
  [
    'x.cjs',
    "exec('echo \"$BODY\"'); exec(`echo \\${ROLE}`); t['dwp-attempt']",
    "exec('echo \"$AYNIG_BODY\"'); exec(`echo \\${AYNIG_ROLE}`); t['aynig-attempt']",
  ],
  [
    'x.js',
    "const { DWP_RUN_ID } = process.env; run(DWP_RUN_ID); read('.dwp/logs')",
    "const { AYNIG_TRAILER_AYNIG_RUN_ID } = process.env; run(AYNIG_TRAILER_AYNIG_RUN_ID); read('.aynig/logs')",
  ],
  [
    'x.py',
    'body = os.environ["BODY"]; level = os.environ.get(\'LOG_LEVEL\', "info")',
    'body = os.environ["AYNIG_BODY"]; level = os.environ.get(\'AYNIG_LOG_LEVEL\', "info")',
  ],
  [
    'x.py',
    'BODY = os.getenv("BODY"); n = int(os.environ["DWP_ATTEMPT"])',
    'BODY = os.getenv("AYNIG_BODY"); n = int(os.environ["AYNIG_TRAILER_AYNIG_ATTEMPT"])',
  ],
  ['x.py', 'subprocess.run(["aynig", "set-state", "--dwp-state", "done"])', 'subprocess.run(["aynig", "set-state", "done"])'],
  ['x.rb', 'body = ENV["BODY"]; role = ENV.fetch(\'ROLE\', "")', 'body = ENV["AYNIG_BODY"]; role = ENV.fetch(\'AYNIG_ROLE\', "")'],
  [
    'x.rb',
    'system("git", "commit", "-m", "x", "-m", "dwp-state: #{ENV[\'DWP_NEXT_ON_FAILURE\']}")',
    'system("git", "commit", "-m", "x", "-m", "aynig-state: #{ENV[\'AYNIG_TRAILER_AYNIG_NEXT_ON_FAILURE\']}")',
  ],
  ['x.pl', 'my $BODY = $ENV{BODY}; print $BODY;', 'my $BODY = $ENV{AYNIG_BODY}; print $BODY;'],
  ['x.ps1', 'Write-Output $env:BODY', 'Write-Output $env:AYNIG_BODY'],
  [
    'COMMANDS.md',
    '| `QA` | `.dwp/command/QA` | `dwp-attempt`, `$BODY` |',
    '| `QA` | `.aynig/command/QA` | `aynig-attempt`, `$AYNIG_BODY` |',
  ],
  [
    'README.md',
    'Run `aynig set-state --dwp-state build`, or end a message in `dwp-state: build`.',
    'Run `aynig set-state build`, or end a message in `aynig-state: build`.',
  ],
  [
    'README.md',
    'Commands are in .dwp. Their state is the trailer dwp-state.',
    'Commands are in .aynig. Their state is the trailer aynig-state.',
  ],
  [
    'ci.yml',
    '      - run: aynig run --dwp-remote origin\n        env: { LEVEL: "$LOG_LEVEL" }',
    '      - run: aynig run --aynig-remote origin\n        env: { LEVEL: "$AYNIG_LOG_LEVEL" }',
  ],
  ['ci.yaml', 'note: ${{ env.DWP_NOTE }}\npaths: [".dwp/**"]', 'note: ${{ env.AYNIG_TRAILER_AYNIG_NOTE }}\npaths: [".aynig/**"]'],
  ['.gitignore', '.dwp/logs/\n', '.aynig/logs/\n'],
];

/** Lines that stay, and why. */
const left: readonly [path: string, text: string, why: RegExp][] = [
  ['sh', 'BODY=$(cat prompt)\necho "$BODY"', /^2 unsure: the file gives BODY/],
  ['sh', 'BODY="${BODY:-none}"', /^1 unsure: the file gives BODY/],
  ['sh', 'git log | while read -r COMMIT_HASH; do\necho "$COMMIT_HASH"; done', /^2 unsure/],
  ['sh', 'for ROLE in a b; do echo "$ROLE"; done', /^1 unsure/],
  ['sh', 'echo "${!BODY}"', /^1 unsure: write AYNIG_BODY/],
  ['Makefile', 'build:\n\techo "$$BODY"', /^2 unsure: write AYNIG_BODY/],
  ['ci.yml', 'env:\n  BODY: x\nrun: echo "$BODY"', /^3 unsure/],
  ['x.js', 'const { BODY } = process.env;\nrun(`${BODY} $BODY`);', /^2 unsure: the file gives BODY/],
  ['x.js', 'run(`${BODY}`);', /^1 unsure: write AYNIG_BODY/],
  ['x.js', "process.env.BODY ||= 'x';", /^1 unsure/],
  ['x.py', 'os.environ["ROLE"] = "qa"', /^1 unsure/],
  ['sh', 'echo done >>"$LOG_PATH"', /^1 there is no such variable: what a command prints/],
  ['x.py', 'open(os.environ["STDOUT_LOG_PATH"])', /^1 there is no such variable: print to standard output/],
  ['x.rb', 'File.read(ENV["STDERR_LOG_PATH"])', /^1 there is no such variable: print to standard error/],
  ['x.js', 'process.chdir(process.env.WORKTREE_PATH);', /^1 there is no such variable: a command starts in its worktree/],
  ['sh', 'echo "SET_STATE {\\"state\\":\\"done\\"}"', /^1 nothing reads what a command prints/],
  ['x.js', "console.log('SET_STATE ' + JSON.stringify({ state }));", /^1 nothing reads what a command prints/],
  ['sh', 'aynig set-state --prompt x --dwp-remote origin', /^1 --aynig-remote is a flag of aynig run/],
  ['sh', 'aynig set-working --dwp-state x', /^1 aynig set-state takes the state/],
  ['README.md', 'Use aynig set-state with --dwp-state X.', /^1 aynig set-state takes the state/],
  ['sh', 'aynig set-state --dwp-state', /^1 aynig set-state takes the state/],
  ['sh', "git commit -m x -m 'dwp-source: https://example.com'", /^1 only "git:<remote>"/],
  ['sh', 'remote=${DWP_SOURCE#git:}', /^1 only "git:<remote>"/],
  ['sh', "grep '^dwp-' message", /^1 no rule knows it/],
  ['sh', 'echo "$DWP_COLOUR $dwp_state"', /^1 no rule knows it/],
  ['sh', '. ./dwp-state.sh; cat foo.dwp .dwp-worktrees/x', /^1 no rule knows it/],
  ['x.js', 'config.dwp?.dwpState', /^1 no rule knows it/],
  ['README.md', 'The Distributed Workflow Protocol (DWP)', /^1 no rule knows it/],
];

/** Lines that are nobody's business. */
const untouched: readonly [path: string, text: string][] = [
  ['sh', 'echo "$BODY_FILE $MY_BODY $AYNIG_BODY ${BODYGUARD}"'],
  ['x.js', 'const BODY = read(); send(`${BODY}`);'],
  ['x.py', 'BODY = read()\nprint(BODY)'],
  ['x.pl', 'my $ROLE = shift; print "$ROLE ${ROLE}";'],
  ['README.md', 'The BODY of a request, and RESET_STATE.'],
];

describe('a line of the earlier naming', () => {
  it.each(whole)('is translated in %s: %s', (path, before, after) => {
    expect(translated(path, before)).toEqual({ text: after, leftOver: [] });
  });

  it.each(left)('stays and is listed in %s: %s', (path, text, why) => {
    expect(translated(path, text)).toEqual({ text, leftOver: [expect.stringMatching(why)] });
  });

  it.each(untouched)('that only looks like it stays in %s: %s', (path, text) => {
    expect(translated(path, text)).toEqual({ text, leftOver: [] });
  });

  it.each([...whole, ...left, ...untouched].map(([path, text]) => [path, text] as const))(
    'is not changed by a second translation, in %s: %s',
    (path, text) => {
      const once = translate([file(path, text)]);
      const twice = translate(once.files);
      expect(twice.files).toEqual(once.files);
      expect(twice.changes).toEqual([]);
      expect(twice.leftOver).toEqual(once.leftOver);
    },
  );
});

describe('the paths of a pack', () => {
  const pathsOf = (...paths: (string | readonly [string, string])[]) =>
    translate(paths.map((each) => (typeof each === 'string' ? file(each, '', '100755') : file(each[0], '', each[1]))));

  it('get the folder of now and states in small letters', () => {
    const { files, changes, leftOver } = pathsOf(
      '.dwp/command/QA',
      '.dwp/roles/Dev/command/Build',
      ['.dwp/COMMANDS.md', '100644'],
      ['.dwp/command/README.md', '100644'],
      '.dwp/command/.lib/Text.sh',
      'sub/.dwp/command/x',
      'command/Flat',
      'scripts/Run',
    );
    expect(files.map(({ path }) => path)).toEqual([
      '.aynig/command/qa',
      '.aynig/roles/dev/command/build',
      '.aynig/COMMANDS.md',
      '.aynig/command/README.md',
      '.aynig/command/.lib/Text.sh',
      'sub/.aynig/command/x',
      'command/flat',
      'scripts/Run',
    ]);
    expect(changes[0]).toEqual({ path: '.aynig/command/qa', from: '.dwp/command/QA', count: 0 });
    expect(leftOver).toEqual([]);
  });

  it('stay where another file has that name, which is said', () => {
    const { files, leftOver } = pathsOf('.dwp/command/QA', '.dwp/command/qa', '.dwp/command/x', '.aynig/command/x');
    expect(files.map(({ path }) => path)).toEqual(['.aynig/command/qa', '.dwp/command/qa', '.dwp/command/x', '.aynig/command/x']);
    expect(leftOver.map(({ path, line, why }) => [path, line, why])).toEqual([
      ['.dwp/command/qa', 0, 'its name of now would be .aynig/command/qa, and another file has that'],
      ['.dwp/command/x', 0, 'its name of now would be .aynig/command/x, and another file has that'],
    ]);
  });

  it('that are no legal state, or have the old word in them, are listed', () => {
    const { leftOver } = pathsOf('.dwp/command/a b', '.dwp/command/_x', '.dwp/command/x..y', ['.dwp/dwp.json', '100644']);
    expect(leftOver.map(({ why }) => why.slice(0, 20))).toEqual([
      'it is no legal name ',
      'it is no legal name ',
      'it is no legal name ',
      'the name of the file',
    ]);
  });

  it('are followed in texts that name them', () => {
    const { files } = translate([
      file('.dwp/command/QA', 'x', '100755'),
      file('.dwp/README.md', 'See .dwp/command/QA. And command/QA-2, command/QA.md, `command/QA`.'),
    ]);
    expect(textOf(files[1])).toBe('See .aynig/command/qa. And command/QA-2, command/QA.md, `command/qa`.');
  });

  it('show which naming a pack has', () => {
    expect(isOfEarlierNaming(['README.md', '.dwp/command/x'])).toBe(true);
    expect(isOfEarlierNaming(['.aynig/command/x', 'foo.dwp'])).toBe(false);
  });
});

describe('content', () => {
  it('in another encoding, with any line ends, keeps every byte that no rule is about', () => {
    const before = Buffer.from('# caf\xE9 \x80\r\ndwp-state: x\r\n\xFF\xFE end', 'latin1');
    const { files, changes } = translate([file('x', before)]);
    expect(files[0]?.bytes).toEqual(Buffer.from('# caf\xE9 \x80\r\naynig-state: x\r\n\xFF\xFE end', 'latin1'));
    expect(changes).toEqual([{ path: 'x', count: 1 }]);
  });

  it('that is binary, too large or no regular file is left alone, and listed where it has the old word', () => {
    const large = Buffer.alloc(maxTextBytes + 1, 'dwp-state ');
    const inUtf16 = Buffer.from('dwp-state: x', 'utf16le');
    const files = [
      file('a', Buffer.from('\0dwp-state')),
      file('b', large),
      file('c', 'x/.dwp', '120000'),
      file('d', inUtf16),
      file('e', Buffer.from([0, 1])),
    ];
    const result = translate(files);
    expect(result.files).toEqual(files);
    expect(result.leftOver.map(({ path, line, why }) => `${path} ${line} ${why}`)).toEqual([
      'a 0 it is a binary file, and has "dwp" in it',
      `b 0 it is larger than ${maxTextBytes} bytes, and has "dwp" in it`,
      'c 0 it is no regular file, and has "dwp" in it',
      'd 0 it is a binary file, and has "dwp" in it',
    ]);
  });

  it('fills a list that has an end, with lines that have one', () => {
    const { leftOver, leftOverCount } = translate([file('x', `dwp ${'é'.repeat(1000)}\n`.repeat(300))]);
    expect([leftOver.length, leftOverCount]).toEqual([maxLeftOver, 300]);
    expect(leftOver[0]).toMatchObject({ path: 'x', line: 1, text: `dwp ${'é'.repeat(196)}` });
  });

  it('without anything to translate is the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const [done] = translate([file('command/x', bytes, '100755')]).files;
        expect(Buffer.from(done?.bytes ?? [])).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('of any kind is translated once and for all, and no other byte of it changes', () => {
    const part = fc.constantFrom(
      'dwp-state',
      'DWP_STATE',
      '.dwp/',
      '$BODY',
      '${ROLE}',
      'BODY=',
      'aynig set-state',
      ' --dwp-state x',
      '\\n',
      '\n',
      ' ',
      "'",
      '"',
      'é',
      '=',
      '-',
      'A',
      '.',
      '{',
      '}',
      'process.env.',
      'dwp-source: git:',
      '$',
      'command/QA',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.constantFrom('x', 'x.js', 'x.yml', 'x.pl'), (parts, path) => {
        const pack = [file(path, parts.join('')), file('.dwp/command/QA', '', '100755')];
        const once = translate(pack);
        const twice = translate(once.files);
        expect(twice.files).toEqual(once.files);
        expect(twice.changes).toEqual([]);
        const rest = (text: string) => text.replace(/aynig|dwp|trailer|source|remote|--dwp-state x| x|git:|[_ ]|qa/gi, '');
        if (!parts.join('').includes('set-state')) expect(rest(textOf(once.files[0]))).toBe(rest(parts.join('')));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    "aynig set-state '",
    '(read BODY ',
    'BODY[',
    '{BODY',
    'dwp-state ',
    '.dwp',
    '$BODY',
    'aynig set-state a ',
    "'run', ",
    'export BODY ',
    '\\\n',
    'aynig run --dwp-remote ',
  ])('made of %j to keep an expression busy is done in time', { timeout: 20_000 }, (part) => {
    const long = file('x', part.repeat(Math.floor(maxTextBytes / part.length)));
    expect(translate([long]).files).toHaveLength(1);
  });
});
