import './commands/here.js';
import { resolve } from 'node:path';
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { processIo } from './commands/io.js';
import { report } from './commands/report.js';
import { usageFailure } from './commands/usage-failure.js';
import { Failure } from './failure.js';

declare const AYNIG_VERSION: string;

/** One line per verb; each loads its code when it is called. */
const io = processIo();
let result: Promise<number> | undefined;
let debug = false;

/** Asks yargs for its own completions: verbs and options. */
type Defaults = (then: (error: Error | null, defaults: string[] | undefined) => void) => void;

/** Verbs whose argument, or an option of theirs, is a branch. */
const takesBranch = new Set(['run', 'status', 'events', 'graph', 'trace', 'verify', 'logs', 'land', 'cancel', 'allow']);

const cwdOf = (argv: { C?: string | undefined }): string => resolve(argv.C ?? '.');
const takesWord = new Set([
  'status',
  'events',
  'graph',
  'trace',
  'logs',
  'land',
  'cancel',
  'allow',
  'install',
  'update-pack',
  'remove',
  'explain',
  'verify',
]);
/** Verbs whose argument is an installed pack. */
const takesPack = new Set(['update-pack', 'remove']);

/** The one word a verb takes, which may stand behind `--` where it begins with a dash. */
function word(argv: object, given: string | undefined): string | undefined {
  const [first, ...more] = [...(given === undefined ? [] : [given]), ...behindDashes(argv)];
  if (more.length > 0) throw oneWordTooMany(more[0]);
  return first;
}

const oneWordTooMany = (what: string | undefined): Failure => usageFailure(`One word too many: ${what}`, hideBin(process.argv));

/** Without a repository `install` brings files back: what says how one is to be installed would be passed over in silence. */
function refuseWithoutRepository({
  name,
  fromDwp,
  force,
  keepMine,
}: Readonly<Record<'name' | 'fromDwp' | 'force' | 'keepMine', unknown>>): void {
  const given = Object.entries({ name, 'from-dwp': fromDwp, force, 'keep-mine': keepMine }).find(
    ([, value]) => value !== undefined && value !== false,
  );
  if (given === undefined) return;
  throw new Failure('usage', `--${given[0]} says how a pack is installed, and no repository is named.`, {
    hint: `Name it: aynig install <repo> --${given[0]}${given[0] === 'name' ? ' <name>' : ''}; or bring back what is missing: aynig install`,
  });
}

/** What may be given more than once, every time adding to it. */
const repeatable = new Set(['_', '--', 'branch', 'trailer']);

const behindDashes = (argv: object): readonly string[] => ('--' in argv && Array.isArray(argv['--']) ? argv['--'].map(String) : []);

const json = {
  json: { type: 'boolean', default: false, describe: 'Print one JSON document; see its schema with: aynig schema <verb>' },
} as const;
const branch = { type: 'string', describe: 'A branch; default: the current one' } as const;
const messageFlags = {
  subject: { type: 'string', requiresArg: true, describe: 'Title of the commit' },
  prompt: { type: 'string', requiresArg: true, describe: 'Body of the commit: what the command is asked to do' },
  'prompt-file': { type: 'string', requiresArg: true, describe: 'Read the body from a file' },
  'prompt-stdin': { type: 'boolean', default: false, describe: 'Read the body from standard input' },
  trailer: { type: 'string', array: true, nargs: 1, default: [] as string[], describe: 'Add a trailer key:value; may be repeated' },
} as const;

const packFlags = {
  yes: { alias: 'y', type: 'boolean', default: false, describe: 'Do not ask' },
  'dry-run': { alias: 'n', type: 'boolean', default: false, describe: 'Show what would be done' },
  diff: { type: 'boolean', default: false, describe: 'Show every line that changes' },
} as const;
const differingFlags = {
  force: { type: 'boolean', default: false, describe: 'Where files differ and cannot be merged, take those of the pack' },
  'keep-mine': { type: 'boolean', default: false, describe: 'Where files differ and cannot be merged, keep yours for good' },
} as const;

function verbs(parser: Argv<{ C: string | undefined; 'log-level': string | undefined }>) {
  return parser
    .command(
      'init',
      'Install the hooks into this repository',
      (y) =>
        y
          .option('dry-run', { type: 'boolean', default: false, describe: 'Show what would be done' })
          .option('husky', { type: 'boolean', default: false, describe: 'Set husky up first, in a JavaScript repository without hooks' })
          .option('bare', { type: 'string', requiresArg: true, describe: 'Make a server of this bare repository' })
          .option('print-hook', { choices: ['pre-receive', 'post-receive'] as const, requiresArg: true, describe: 'Print a server hook' })
          .conflicts('bare', 'print-hook'),
      (argv) => {
        const { bare, printHook: hook } = argv;
        if (hook !== undefined) result = import('./commands/init-bare.js').then(({ printHook }) => printHook(hook, io));
        else if (bare !== undefined)
          result = import('./commands/init-bare.js').then(({ initBare }) => initBare({ cwd: cwdOf(argv), bare, dryRun: argv.dryRun }, io));
        else
          result = import('./commands/init.js').then(({ init }) => init({ cwd: cwdOf(argv), dryRun: argv.dryRun, husky: argv.husky }, io));
      },
    )
    .command(
      'install [repo] [ref] [subfolder]',
      'Install a pack of commands; without a name, bring back what the lock file names',
      (y) =>
        y
          .positional('repo', { type: 'string', describe: 'URL, host:path, local path, or owner/name for GitHub' })
          .positional('ref', { type: 'string', describe: 'Branch, tag or commit; default: what HEAD names there' })
          .positional('subfolder', { type: 'string', describe: 'Folder of the pack in its repository; default: .aynig' })
          .option('name', { type: 'string', requiresArg: true, describe: 'What to call it here; default: as it calls itself' })
          .option('from-dwp', { type: 'boolean', default: false, describe: 'Translate a pack of the earlier naming (.dwp, dwp-state)' })
          .options(packFlags)
          .options(differingFlags)
          .check(({ force, keepMine }) => !(force && keepMine) || 'Use --force or --keep-mine, not both.')
          .example('$0 install owner/name', 'install what is in .aynig of a repository at GitHub')
          .example('$0 install ../packs v1.2.0 ops', 'install the folder ops of a local repository, at a tag')
          .example('$0 install owner/name --dry-run --diff', 'read every line first'),
      (argv) => {
        const [repo, ref, subfolder, ...more] = [argv.repo, argv.ref, argv.subfolder, ...behindDashes(argv)].filter(
          (one) => one !== undefined,
        );
        if (more.length > 0) throw oneWordTooMany(more[0]);
        if (repo === undefined) refuseWithoutRepository(argv);
        result = import('./commands/install.js').then(({ install }) => install({ ...argv, repo, ref, subfolder, cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'packs',
      'Show the installed packs: from where, changed or not, newer or not',
      (y) => y.option('offline', { type: 'boolean', default: false, describe: 'Do not ask whether there are newer ones' }).options(json),
      (argv) => {
        result = import('./commands/packs.js').then(({ packs }) => packs({ ...argv, cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'update-pack [name]',
      'Bring a pack, or all, to the newest commit, merged with your changes',
      (y) =>
        y
          .positional('name', { type: 'string', describe: 'An installed pack; default: all' })
          .option('ref', { type: 'string', requiresArg: true, describe: 'Another branch, tag or commit of that pack from now on' })
          .options(packFlags)
          .options(differingFlags)
          .check(({ force, keepMine }) => !(force && keepMine) || 'Use --force or --keep-mine, not both.'),
      (argv) => {
        result = import('./commands/update-pack.js').then(({ updatePack }) =>
          updatePack({ ...argv, name: word(argv, argv.name), cwd: cwdOf(argv) }, io),
        );
      },
    )
    .command(
      'remove <name>',
      'Take the files of a pack out again',
      (y) =>
        y
          .positional('name', { type: 'string', demandOption: true, describe: 'An installed pack' })
          .options(packFlags)
          .option('force', { type: 'boolean', default: false, describe: 'Also files that you changed, and packs that others build on' }),
      (argv) => {
        result = import('./commands/remove.js').then(({ remove }) => remove({ ...argv, cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'run',
      'Run what is ready, and wait for it',
      (y) =>
        y
          .option('current-branch', {
            choices: ['skip', 'include', 'only'] as const,
            default: 'skip' as const,
            describe: 'Whether the checked-out branch is run',
          })
          .option('branch', {
            type: 'string',
            array: true,
            nargs: 1,
            default: [] as string[],
            describe: 'Run this branch only; may be repeated',
          })
          .option('aynig-remote', {
            type: 'string',
            requiresArg: true,
            describe: 'Run the branches of this remote, which decides by its refs who runs what',
          })
          .option('role', { type: 'string', requiresArg: true, describe: 'Look for commands in .aynig/roles/<role> first' })
          .option('worktree', {
            alias: 'w',
            type: 'string',
            requiresArg: true,
            describe: 'Folder for the worktrees of runs; default: .worktrees',
          })
          .option('detach', { type: 'boolean', default: false, describe: 'Start it in the background and return' })
          .options(json)
          .example('$0 run --current-branch include', 'run all branches, the checked-out one too')
          .example('$0 run --branch feature', 'run one branch')
          .example('$0 run --aynig-remote origin', 'one of many runners: take what is ready at origin'),
      (argv) => {
        result = import('./commands/run.js').then(({ run }) => run({ ...argv, cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'status [branch]',
      'Show where a branch stands and what comes next',
      (y) =>
        y
          .positional('branch', branch)
          .option('all', { type: 'boolean', default: false, describe: 'Every branch that has a state, one a line' })
          .option('idle', { type: 'boolean', default: false, describe: 'Every branch, also those without a state' })
          .option('needs-me', { type: 'boolean', default: false, describe: 'Every branch where a person has to act' })
          .option('remote', { type: 'string', requiresArg: true, describe: 'The branches of this remote, as it decides them' })
          .option('watch', { type: 'boolean', default: false, describe: 'Show it on a terminal until Ctrl-C, as it changes' })
          .option('exit-code', { type: 'boolean', default: false, describe: 'Exit with 10 where a person has to act' })
          .option('role', { type: 'string', requiresArg: true, describe: 'Look for commands in .aynig/roles/<role> first' })
          .options(json)
          .check(({ watch, json: asJson }) => !(watch && asJson) || 'Use --watch or --json, not both.')
          .check(({ watch, exitCode }) => !(watch && exitCode) || 'Use --watch or --exit-code, not both.')
          .check(({ idle, needsMe }) => !(idle && needsMe) || 'Use --needs-me or --idle, not both.')
          .check(
            ({ all, idle, needsMe, branch: named }) =>
              !((all || idle || needsMe) && named !== undefined) || 'Name a branch or use --all, --idle or --needs-me, not both.',
          )
          .example('$0 status --all --watch', 'all branches that have a state, as they change')
          .example('$0 status --needs-me --exit-code', 'for a script: is there something to do for somebody?')
          .example('$0 status topic --remote origin', 'a branch as origin has it'),
      (argv) => {
        result = import('./commands/status.js').then(({ status }) =>
          status({ ...argv, branch: word(argv, argv.branch), cwd: cwdOf(argv) }, io),
        );
      },
    )
    .command(
      'events [branch]',
      'Show the state event of the tip, or of the history',
      (y) =>
        y
          .positional('branch', branch)
          .option('all', { type: 'boolean', default: false, describe: 'Every branch; without --history the event at its tip' })
          .option('history', { type: 'boolean', default: false, describe: 'Every event down the history, newest first' })
          .option('merged', { type: 'boolean', default: false, describe: 'The history with what was merged into it' })
          .option('since', { type: 'string', requiresArg: true, describe: 'Only events since a date, as git log takes it' })
          .option('correlation', { type: 'string', requiresArg: true, describe: 'Only events of this aynig-correlation-id' })
          .option('count', { alias: 'n', type: 'number', requiresArg: true, describe: 'At most so many events' })
          .options(json)
          .option('jsonl', { type: 'boolean', default: false, describe: 'Print one JSON document a line, as it is read' })
          .check(
            ({ count }) =>
              count === undefined || (Number.isInteger(count) && count > 0) || 'The value of -n must be a whole number above 0.',
          )
          .check(({ json: asJson, jsonl }) => !(asJson && jsonl) || 'Use --json or --jsonl, not both.')
          .check(({ all, branch: named }) => !(all && named !== undefined) || 'Name a branch or use --all, not both.')
          .example('$0 events --history -n 20', 'the last twenty events of the current branch')
          .example('$0 events --all --since yesterday --jsonl', 'for a script'),
      (argv) => {
        result = import('./commands/events.js').then(({ events }) =>
          events({ ...argv, branch: word(argv, argv.branch), cwd: cwdOf(argv) }, io),
        );
      },
    )
    .command(
      'graph [branch]',
      'Show which run led to which, and where time went',
      (y) =>
        y
          .positional('branch', { type: 'string', describe: 'Only what is joined with the runs of this branch' })
          .option('format', {
            choices: ['text', 'mermaid', 'dot', 'json'] as const,
            defaultDescription: '"text"',
            describe: 'mermaid for Markdown, dot for Graphviz',
          })
          .option('since', { type: 'string', requiresArg: true, describe: 'Only runs that ended since a date, as git log takes it' })
          .option('correlation', { type: 'string', requiresArg: true, describe: 'Only runs of this aynig-correlation-id' })
          .option('json', { type: 'boolean', default: false, describe: 'The same as --format json' })
          .check(
            ({ json: asJson, format }) => !(asJson && format !== undefined && format !== 'json') || 'Use --json or --format, not both.',
          )
          .example('$0 graph --format mermaid', 'a drawing that forges show in Markdown'),
      (argv) => {
        result = import('./commands/graph.js').then(({ graph }) =>
          graph({ ...argv, format: argv.json ? 'json' : (argv.format ?? 'text'), branch: word(argv, argv.branch), cwd: cwdOf(argv) }, io),
        );
      },
    )
    .command(
      'trace [branch]',
      'Make a page with the timeline of a branch, or of all, to open in a browser',
      (y) =>
        y
          .positional('branch', branch)
          .option('all', { type: 'boolean', default: false, describe: 'Every branch' })
          .option('merged', { type: 'boolean', default: false, describe: 'Also what was merged' })
          .option('since', { type: 'string', requiresArg: true, describe: 'Only events since a date, as git log takes it' })
          .option('limit', { type: 'number', requiresArg: true, default: 20_000, describe: 'At most so many events, the newest' })
          .option('output', {
            alias: 'o',
            type: 'string',
            requiresArg: true,
            default: 'aynig-trace.html',
            describe: 'The file to write; - for standard output',
          })
          .option('force', { type: 'boolean', default: false, describe: 'Replace a file that is no such page' })
          .option('logs', { type: 'boolean', default: true, describe: 'What commands printed; leave it out with --no-logs' })
          .option('diffs', { type: 'boolean', default: true, describe: 'What commits changed; leave it out with --no-diffs' })
          .check(({ limit }) => (Number.isInteger(limit) && limit > 0) || 'The value of --limit must be a whole number above 0.')
          .check(({ all, branch: named }) => !(all && named !== undefined) || 'Name a branch or use --all, not both.')
          .example('$0 trace --all -o trace.html', 'every branch')
          .example('$0 trace feature --since yesterday --no-logs', 'one branch, for others to see'),
      (argv) => {
        result = import('./commands/trace.js').then(({ trace }) =>
          trace({ ...argv, branch: word(argv, argv.branch), cwd: cwdOf(argv) }, io),
        );
      },
    )
    .command(
      'logs [of]',
      'Show what a command printed',
      (y) =>
        y
          .positional('of', { type: 'string', describe: 'A branch, or the commit that asked; default: the current branch' })
          .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'Go on while the command runs' })
          .options(json),
      (argv) => {
        result = import('./commands/logs.js').then(({ logs }) => logs({ ...argv, of: word(argv, argv.of), cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'land [what]',
      'Bring a finished result into your checkout',
      (y) => y.positional('what', { type: 'string', describe: 'A branch, or the id of a run whose work was kept' }),
      (argv) => {
        result = import('./commands/land.js').then(({ land }) => land({ ...argv, what: word(argv, argv.what), cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'set-state <state>',
      'Commit a request for a state',
      (y) =>
        y
          .positional('state', { type: 'string', demandOption: true, describe: 'The state to ask for' })
          .options(messageFlags)
          .example('$0 set-state build --prompt "Build the docs"', 'ask for build with a prompt'),
      (argv) => {
        result = import('./commands/set-state.js').then(({ setState }) => setState({ ...argv, cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'set-working',
      'Inside a command: renew its lease',
      (y) => y.options(messageFlags),
      (argv) => {
        result = import('./commands/set-working.js').then(({ setWorking }) => setWorking({ ...argv, cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'cancel [branch]',
      'End the run that holds a branch',
      (y) =>
        y.positional('branch', branch).option('aynig-remote', {
          type: 'string',
          requiresArg: true,
          describe: 'The remote whose branch is meant; else the lease says',
        }),
      (argv) => {
        result = import('./commands/cancel.js').then(({ cancel }) =>
          cancel({ ...argv, branch: word(argv, argv.branch), cwd: cwdOf(argv) }, io),
        );
      },
    )
    .command(
      'allow [branch]',
      'Look at the commands that hooks would run, and allow them',
      (y) =>
        y
          .positional('branch', branch)
          .option('yes', { alias: 'y', type: 'boolean', default: false, describe: 'Do not ask' })
          .option('at', { type: 'string', requiresArg: true, describe: 'Only if the commands are still those of this commit' })
          .option('list', { type: 'boolean', default: false, describe: 'Show what is allowed' })
          .option('revoke', { type: 'boolean', default: false, describe: 'Take back all commands, or with --remote the remote' })
          .option('remote', { type: 'string', requiresArg: true, describe: 'Let hooks start requests that come from this remote' })
          .options(json)
          .check(
            ({ list, revoke, json: asJson }) =>
              (!(list && revoke) && (!asJson || list)) || 'Use --json with --list, and --list without --revoke.',
          ),
      (argv) => {
        result = import('./commands/allow.js').then(({ allow }) =>
          allow({ ...argv, branch: word(argv, argv.branch), cwd: cwdOf(argv) }, io),
        );
      },
    )
    .command(
      'doctor',
      'Look for what keeps hooks, settings, commands and runs from working',
      (y) =>
        y
          .option('fix', { type: 'boolean', default: false, describe: 'Mend what can be mended without losing anything' })
          .option('bare', { type: 'string', requiresArg: true, describe: 'Look at this server' })
          .options(json),
      (argv) => {
        result = import('./commands/doctor.js').then(({ doctor }) => doctor({ ...argv, cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'verify [range]',
      'Walk the history of a branch, and say what breaks the contract',
      (y) =>
        y
          .positional('range', { type: 'string', describe: 'from..to, a branch or a commit; default: the current branch' })
          .option('branch', { type: 'string', requiresArg: true, describe: 'The whole of this branch' })
          .option('all', { type: 'boolean', default: false, describe: 'Every branch, each commit once' })
          .option('since', { type: 'string', requiresArg: true, describe: 'Only commits since a date, as git log takes it' })
          .options(json)
          .check(
            ({ all, branch: named, range }) =>
              [all, named !== undefined, range !== undefined].filter(Boolean).length < 2 || 'Use a range, --branch or --all, one of them.',
          )
          .example('$0 verify main..feature', 'what a branch has done since it was begun'),
      (argv) => {
        result = import('./commands/verify.js').then(({ verify }) =>
          verify({ ...argv, range: word(argv, argv.range), cwd: cwdOf(argv) }, io),
        );
      },
    )
    .command(
      'metrics',
      'Print figures of branches and runs for Prometheus',
      (y) =>
        y
          .option('textfile', { type: 'string', requiresArg: true, describe: 'Write them to this file, in one step' })
          .option('since', {
            type: 'string',
            requiresArg: true,
            default: '30 days ago',
            describe: 'The runs that ended since a date, as git log takes it',
          })
          .example('$0 metrics --textfile /var/lib/prometheus/node-exporter/aynig.prom', 'for node_exporter, from a timer'),
      (argv) => {
        result = import('./commands/metrics.js').then(({ metrics }) => metrics({ ...argv, cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'explain [word]',
      'Say what an error code, a reading, a state or a finding means, and what to do',
      (y) =>
        y
          .positional('word', { type: 'string', describe: 'What is to be explained; alone: list every word' })
          .options(json)
          .example('$0 explain land-refused', 'likely causes, and what to do'),
      (argv) => {
        result = import('./commands/explain.js').then(({ explain }) =>
          explain({ ...argv, word: word(argv, argv.word), cwd: cwdOf(argv) }, io),
        );
      },
    )
    .command(
      'uninstall',
      'Remove the hooks',
      (y) => y.option('bare', { type: 'string', requiresArg: true, describe: 'Remove those of a server from this bare repository' }),
      (argv) => {
        const { bare } = argv;
        if (bare !== undefined)
          result = import('./commands/uninstall-bare.js').then(({ uninstallBare }) => uninstallBare({ cwd: cwdOf(argv), bare }, io));
        else result = import('./commands/uninstall.js').then(({ uninstall }) => uninstall({ cwd: cwdOf(argv) }, io));
      },
    )
    .command(
      'schema <verb>',
      'Print the JSON Schema of what a verb prints with --json',
      (y) =>
        y.positional('verb', {
          choices: [
            'status',
            'events',
            'event',
            'graph',
            'run',
            'logs',
            'doctor',
            'version',
            'allow',
            'packs',
            'pack',
            'explain',
            'verify',
          ] as const,
          demandOption: true,
          describe: 'The verb; event: a line of --jsonl; pack: pack.json',
        }),
      (argv) => {
        result = import('./observe/schemas.js').then(({ jsonSchema }) => {
          io.out(JSON.stringify(jsonSchema(argv.verb), undefined, 2));
          return 0;
        });
      },
    )
    .command(
      'version',
      'Show the versions of aynig, Node and git',
      (y) => y.options(json),
      (argv) => {
        result = import('./commands/version.js').then(({ showVersion }) => showVersion({ ...argv, cwd: cwdOf(argv) }, io));
      },
    );
}

const parser = verbs(
  yargs(hideBin(process.argv))
    .scriptName('aynig')
    .parserConfiguration({ 'duplicate-arguments-array': true, 'parse-positional-numbers': false, 'populate--': true })
    .usage('Usage: $0 <verb> [options]')
    .option('C', { type: 'string', describe: 'Act as if started in this directory', requiresArg: true })
    .option('log-level', { choices: ['debug', 'info', 'warn', 'error'], describe: 'How much is said', requiresArg: true })
    .epilogue(
      'A commit that ends in "aynig-state: build" asks for the command .aynig/command/build.\nStart with: aynig init, then: aynig set-state hello',
    )
    .version(AYNIG_VERSION)
    .help()
    .alias('help', 'h')
    .wrap(Math.min(100, process.stdout.columns ?? 100)),
)
  .completion(
    'completion',
    'Print a completion script for bash or zsh',
    (_current: string, argv: unknown, complete: Defaults, done: (names: string[]) => void) => {
      complete((_error, defaults = []) => {
        const verb = String((argv as { _?: unknown[] })._?.[1] ?? '');
        if (takesPack.has(verb))
          void import('./commands/pack-names.js')
            .then(({ packNames }) => packNames(resolve('.')))
            .then((names) => done([...defaults, ...names]));
        else if (verb === 'explain')
          void import('./commands/explain.js')
            .then(({ explainWords }) => explainWords(resolve('.')))
            .then((names) => done([...defaults, ...names]));
        else if (!takesBranch.has(verb)) done(defaults);
        else
          void import('./commands/branch-argument.js')
            .then(({ branchNames }) => branchNames(resolve('.')))
            .then((names) => done([...defaults, ...names]));
      });
    },
  )
  .demandCommand(process.argv.includes('--get-yargs-completions') ? 0 : 1, 'Name a verb.')
  // The shell asks for completions by an option that no verb knows.
  .strict(!process.argv.includes('--get-yargs-completions'))
  .middleware((argv) => {
    // As in git, the last of an option that is given twice counts, so that a script can add to a line it was given.
    for (const [name, value] of Object.entries(argv))
      if (Array.isArray(value) && !repeatable.has(name)) Object.assign(argv, { [name]: value.at(-1) });
    // What a verb without a word would pass over in silence.
    const [extra] = behindDashes(argv);
    if (extra !== undefined && !takesWord.has(String(argv._[0]))) throw usageFailure(`Unknown argument: ${extra}`, hideBin(process.argv));
  })
  .recommendCommands()
  .fail((message, error: unknown) => {
    if (error instanceof Failure) throw error;
    const text = message ?? (error instanceof Error ? error.message : 'The command line could not be understood.');
    throw usageFailure(text, hideBin(process.argv));
  });

try {
  debug = process.argv.some(
    (argument, index, all) => argument === '--log-level=debug' || (argument === 'debug' && all[index - 1] === '--log-level'),
  );
  await parser.parseAsync();
  process.exitCode = (await result) ?? 0;
} catch (error) {
  process.exitCode = report(error, io, { debug: debug || process.env['AYNIG_LOG_LEVEL'] === 'debug' });
}
