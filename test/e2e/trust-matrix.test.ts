import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identify, projectRoot } from '../support/scratch.js';
import { completing, skipBecause, Workspace, waitFor, workspace } from '../support/workspace.js';

const signatures = ['unsigned', 'good', 'unknown', 'expired', 'revoked'] as const;
type Signature = (typeof signatures)[number];

interface Cell {
  readonly way: string;
  readonly changed: boolean;
  readonly signature: Signature;
  readonly branch: string;
}

/** Whose work the cell is about: `bob` has it on a branch of the same name where it comes from others. */
interface People {
  readonly ana: Workspace;
  readonly bob: Workspace;
}

/** How a request comes into ana's repository, and in which cells a hook may start it. */
const ways: Readonly<Record<string, { readonly bring: (people: People, cell: Cell) => void; readonly starts: (cell: Cell) => boolean }>> = {
  'local commit': {
    bring: ({ ana }, cell) => {
      ana.git('switch', '--quiet', '--create', cell.branch, 'base');
      ask(ana, cell);
    },
    starts: () => true,
  },
  amend: {
    bring: ({ ana }, cell) => {
      ana.git('switch', '--quiet', '--create', cell.branch, 'base');
      ana.git('commit', '--quiet', '--allow-empty', '--message', 'to be amended');
      ask(ana, cell, '--amend');
    },
    starts: () => true,
  },
  'linked worktree': {
    bring: ({ ana }, cell) => ask(ana.linked(cell.branch, 'base'), cell),
    starts: () => true,
  },
  merge: {
    bring: ({ ana }, { branch }) => {
      ana.git('switch', '--quiet', '--create', branch, 'base');
      ana.git('merge', '--quiet', '--ff-only', `bob/${branch}`);
    },
    starts: ({ changed, signature }) => !changed && signature === 'good',
  },
  // What stands at the upstream is claimed there, under the same rules.
  pull: {
    bring: ({ ana }, { branch }) => {
      ana.git('switch', '--quiet', '--create', branch, 'base');
      ana.git('branch', '--quiet', `--set-upstream-to=bob/${branch}`);
      ana.git('pull', '--quiet', '--ff-only');
    },
    starts: ({ changed, signature }) => !changed && signature === 'good',
  },
  'cherry-pick': {
    bring: ({ ana }, { branch }) => {
      ana.git('switch', '--quiet', '--create', branch, 'base');
      ana.git('cherry-pick', '--allow-empty', `bob/${branch}`);
    },
    starts: () => false,
  },
  rebase: {
    bring: ({ ana }, { branch }) => {
      ana.git('switch', '--quiet', '--no-track', '--create', branch, `bob/${branch}`);
      ana.git('rebase', '--quiet', '--force-rebase', 'other-base');
    },
    starts: () => false,
  },
  am: {
    bring: ({ ana }, { branch }) => {
      ana.git('switch', '--quiet', '--create', branch, 'base');
      const patch = ana.git('format-patch', '--stdout', '--always', '-1', `bob/${branch}`);
      ana.gitAnswer(['am', '--quiet', '--empty=keep'], { input: `${patch}\n`, expected: 0 });
    },
    starts: () => false,
  },
  squash: {
    bring: ({ ana }, cell) => {
      ana.git('switch', '--quiet', '--create', cell.branch, 'base');
      ana.git('merge', '--quiet', '--squash', `bob/${cell.branch}`);
      ana.git(
        ...signing(ana, cell.signature),
        'commit',
        '--quiet',
        '--allow-empty',
        '--message',
        'mine',
        '--message',
        'aynig-state: build',
      );
    },
    // The request is ana's own; the commands are bob's.
    starts: ({ changed }) => !changed,
  },
};

const name = ({ way, changed, signature }: Omit<Cell, 'branch'>): string =>
  `${way.replaceAll(' ', '-')}/${changed ? 'changed' : 'same'}/${signature}`;

const cellsOf = (way: string): Cell[] =>
  [false, true].flatMap((changed) =>
    signatures.map((signature) => ({ way, changed, signature, branch: name({ way, changed, signature }) })),
  );

const signing = ({ root }: Workspace, signature: Signature): string[] =>
  signature === 'unsigned' ? [] : ['-c', 'commit.gpgSign=true', '-c', `user.signingKey=${join(root, 'keys', signature)}`];

/** Commits a request, signed or not; where the cell says so, together with a change of the commands that no other cell has. */
function ask(who: Workspace, { branch, changed, signature }: Cell, ...more: string[]): void {
  if (changed) {
    who.write('.aynig/command/other', `#!/bin/sh\n# ${branch} ${who.path}\n`, 0o755);
    who.git('add', '.aynig');
  }
  who.git(
    ...signing(who, signature),
    'commit',
    '--quiet',
    '--allow-empty',
    ...more,
    '--message',
    `ask on ${branch}`,
    '--message',
    'aynig-state: build',
  );
}

/** Keys of everybody, and what ana's git says of them. */
function makeKeys(ana: Workspace): void {
  const keys = join(ana.root, 'keys');
  mkdirSync(keys);
  const publicKey = (key: string): string => {
    ana.program('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(keys, key)]);
    return ana.program('cat', [join(keys, `${key}.pub`)]).stdout.trim();
  };
  const [good, expired, revoked] = ['good', 'expired', 'revoked'].map(publicKey);
  publicKey('unknown');
  writeFileSync(join(keys, 'signers'), `* ${good}\n* valid-before="20200101" ${expired}\n* ${revoked}\n`);
  writeFileSync(join(keys, 'revocations'), `${revoked}\n`);
}

function useKeys(who: Workspace): void {
  who.git('config', 'gpg.format', 'ssh');
  who.git('config', 'gpg.ssh.allowedSignersFile', join(who.root, 'keys/signers'));
  who.git('config', 'gpg.ssh.revocationFile', join(who.root, 'keys/revocations'));
}

/** What a hook does, done once more after everything has come in. */
async function look(who: Workspace): Promise<void> {
  await who.untilStill();
  who.program(process.execPath, [join(projectRoot, 'dist/runner.cjs')]);
  await who.untilStill();
}

const started = (who: Workspace, cells: readonly Cell[]): string[] => {
  const ran = new Set(who.ran().map(({ branch }) => branch));
  return cells.filter(({ branch }) => ran.has(branch)).map(({ branch }) => branch);
};

test('a hook starts a request in the allowed cells of way, commands and signature, and in no other', {
  timeout: 900_000,
}, async (context) => {
  const ana = workspace('ana');
  if (ana.program('sh', ['-c', 'command -v ssh-keygen'], { expected: 'any' }).exitCode !== 0)
    return skipBecause('the trust matrix needs ssh-keygen', context);
  makeKeys(ana);
  useKeys(ana);
  ana.init();
  // A result is put into the checkout of its branch, which the cells that come after it use: none is there before all have come in.
  ana.command('build', completing('review', waitFor()));
  ana.git('branch', 'base');
  ana.git('commit', '--quiet', '--allow-empty', '--message', 'moved on');
  ana.git('branch', 'other-base');
  ana.git('clone', '--quiet', ana.path, join(ana.root, 'bob'));
  const bob = new Workspace(ana.root, join(ana.root, 'bob'), ana.env);
  identify((...args) => bob.git(...args));
  useKeys(bob);
  const cells = Object.keys(ways).flatMap(cellsOf);
  for (const cell of cells) {
    bob.git('switch', '--quiet', '--no-track', '--create', cell.branch, 'origin/base');
    ask(bob, cell);
  }
  ana.git('remote', 'add', 'bob', bob.path);
  ana.git('fetch', '--quiet', 'bob');
  for (const cell of cells) ways[cell.way]?.bring({ ana, bob }, cell);
  ana.release();
  await look(ana);
  expect(started(ana, cells)).toEqual(cells.filter((cell) => ways[cell.way]?.starts(cell)).map(({ branch }) => branch));
  const inAna = ana.ran().length;

  // A fresh clone and a copy bring everything but what was allowed.
  ana.git('clone', '--quiet', bob.path, join(ana.root, 'fresh'));
  const fresh = new Workspace(ana.root, join(ana.root, 'fresh'), ana.env);
  cpSync(ana.path, join(ana.root, 'copy'), { recursive: true });
  const copy = new Workspace(ana.root, join(ana.root, 'copy'), ana.env);
  copy.git('worktree', 'prune');
  identify((...args) => fresh.git(...args));
  useKeys(fresh);
  fresh.init();
  const elsewhere = [
    ...cellsOf('fresh clone').map((cell) => ({ who: fresh, cell })),
    ...cellsOf('copied repository').map((cell) => ({ who: copy, cell })),
  ];
  for (const { who, cell } of elsewhere) {
    who.git('switch', '--quiet', '--no-track', '--create', cell.branch, who === fresh ? 'origin/merge/same/unsigned' : 'base');
    ask(who, cell);
  }
  await look(fresh);
  await look(copy);
  expect(ana.ran().slice(inAna)).toEqual([]);
  const all = cells.length + elsewhere.length;
  process.stdout.write(
    `trust matrix: ${all} cells (${Object.keys(ways).length + 2} ways x commands changed or not x ${signatures.length} signatures), ${inAna} started, all of them in allowed cells\n`,
  );
});
