import { chmodSync, chownSync, mkdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FindingId, findingKinds } from '../../src/doctor/finding.js';
import { type DoctorReport, doctorReport } from '../../src/observe/schemas.js';
import { cliPath } from '../support/scratch.js';
import { leaseRefOf, newRun, type Server, server } from '../support/server.js';
import { completing, skipBecause, snapshot } from '../support/workspace.js';

const longAgo = new Date(Date.now() - 3 * 86_400_000);

/** A server as `aynig init --bare` makes it, with a name for its commands. */
function healthy(): Server {
  const made = server({ hooks: [], command: completing('review') });
  made.clone.aynig(['init', '--bare', made.bare.path]);
  made.bare.git('config', 'user.name', 'Server');
  made.bare.git('config', 'user.email', 'server@example.com');
  return made;
}

function examine(made: Server, args: readonly string[] = []): DoctorReport & { exitCode: number } {
  const answer = made.clone.aynig(['doctor', '--json', '--bare', made.bare.path, ...args], { expected: 'any' });
  expect(answer.stderr).toBe('');
  return { ...doctorReport.parse(JSON.parse(answer.stdout)), exitCode: answer.exitCode };
}

const ids = (report: DoctorReport): string[] => [...new Set(report.findings.map(({ id }) => id))].sort();

function follow(made: Server, fix: string): void {
  made.clone.script('bin/aynig', `#!/bin/sh\nexec '${process.execPath}' '${cliPath}' "$@"`);
  made.clone.program('sh', ['-c', fix], { env: { PATH: `${made.root}/bin:${made.clone.env['PATH']}` } });
}

function stale(made: Server, path: string): void {
  made.bare.write(path, '');
  utimesSync(join(made.bare.path, path), longAgo, longAgo);
}

const edit = (made: Server, path: string, change: (text: string) => string): void =>
  writeFileSync(join(made.bare.path, path), change(made.bare.read(path)));

interface Case {
  readonly id: FindingId;
  readonly what: string;
  readonly break: (made: Server) => void;
  /** What did not work while it was broken, and does now. */
  readonly after?: (made: Server) => void;
  /** Whether only root can break it so. */
  readonly asRoot?: true;
}

const pushes = (made: Server, ...args: readonly string[]): void => {
  const answer = made.clone.push(...args);
  expect(answer.exitCode, answer.stderr).toBe(0);
};

const cases: readonly Case[] = [
  {
    id: 'hooks-not-installed',
    what: 'a server without hooks',
    break: (made) => void made.clone.aynig(['uninstall', '--bare', made.bare.path]),
  },
  { id: 'hook-missing', what: 'a hook that is gone', break: ({ bare }) => rmSync(join(bare.path, 'hooks/pre-receive')) },
  {
    id: 'hook-not-executable',
    what: 'a hook without its bit',
    break: ({ bare }) => chmodSync(join(bare.path, 'hooks/pre-receive'), 0o644),
  },
  {
    id: 'hook-line-endings',
    what: 'a hook that went through Windows',
    break: (made) => edit(made, 'hooks/post-receive', (text) => text.replaceAll('\n', '\r\n')),
  },
  {
    id: 'hook-outdated',
    what: 'a hook of another version',
    break: (made) => edit(made, 'hooks/post-receive', (text) => `${text}# more\n`),
  },
  {
    id: 'hook-package-gone',
    what: 'a package that is gone',
    break: (made) => edit(made, 'hooks/pre-receive', (text) => text.replace(/^aynig=.*$/m, "aynig='/nowhere'")),
  },
  {
    id: 'server-setting',
    what: 'reflogs that are off',
    break: ({ bare }) => bare.git('config', 'core.logAllRefUpdates', 'false'),
    after: ({ bare }) => expect(bare.git('config', 'core.logAllRefUpdates')).toBe('always'),
  },
  { id: 'server-setting', what: 'objects that are not checked', break: ({ bare }) => bare.git('config', '--unset', 'receive.fsckObjects') },
  {
    id: 'no-identity',
    what: 'commands without a name',
    break: ({ bare }) => {
      bare.git('config', '--unset', 'user.email');
      // Else git makes one up where the host has a full name.
      bare.git('config', 'user.useConfigOnly', 'true');
    },
  },
  {
    id: 'owner-mixed',
    what: 'what an admin has left that is not the user of the server',
    break: ({ bare }) => chownSync(join(bare.path, 'hooks/pre-receive'), 12345, 12345),
    after: ({ bare }) => expect(statSync(join(bare.path, 'hooks/pre-receive')).uid).toBe(process.getuid?.()),
    asRoot: true,
  },
  {
    id: 'commands-dir-unusable',
    what: 'a folder of commands that is gone',
    break: ({ bare, root }) => bare.git('config', 'aynig.commandsDir', join(root, 'commands')),
  },
  {
    id: 'commands-dir-unusable',
    what: 'a folder of commands inside of the repository',
    break: ({ bare }) => {
      mkdirSync(join(bare.path, 'commands'), { mode: 0o755 });
      bare.git('config', 'aynig.commandsDir', join(bare.path, 'commands'));
    },
  },
  {
    id: 'commands-dir-open',
    what: 'a folder of commands that everybody can write to',
    break: ({ bare, root }) => {
      mkdirSync(join(root, 'commands'));
      chmodSync(join(root, 'commands'), 0o777);
      bare.git('config', 'aynig.commandsDir', join(root, 'commands'));
    },
  },
  {
    id: 'lease-ref-orphan',
    what: 'a lease ref without a branch',
    break: ({ bare }) => bare.git('update-ref', leaseRefOf(newRun()), 'refs/heads/main'),
    after: ({ bare }) => expect(bare.git('for-each-ref', 'refs/aynig/lease')).toBe(''),
  },
  {
    id: 'logs-large',
    what: 'logs that nobody deletes',
    break: ({ bare }) => {
      bare.write('aynig/logs/x.log', '');
      truncateSync(join(bare.path, 'aynig/logs/x.log'), 1.5 * 1024 ** 3);
      utimesSync(join(bare.path, 'aynig/logs/x.log'), new Date(0), new Date(0));
    },
  },
  {
    id: 'ref-broken',
    what: 'a ref that a power cut has emptied',
    break: (made) => {
      const refspec = `${made.clone.commit('new')}:refs/heads/main`;
      made.clone.gitAnswer(['push', '--quiet', 'origin', refspec], { env: { AYNIG: '0' }, expected: 0 });
      made.bare.write('refs/heads/main', '');
    },
    after: (made) => {
      made.clone.git('fetch', '--quiet', 'origin');
      pushes(made, `${made.clone.commit('next', { parents: ['origin/main'] })}:refs/heads/main`);
    },
  },
  {
    id: 'ref-lock-stale',
    what: 'the lock of a branch that a killed push has left',
    break: (made) => {
      stale(made, 'refs/heads/main.lock');
      expect(made.clone.push(`${made.clone.commit('new')}:refs/heads/main`).exitCode).toBe(1);
    },
    after: (made) => pushes(made, `${made.clone.commit('new')}:refs/heads/main`),
  },
  {
    id: 'git-lock-stale',
    what: 'the lock of HEAD that a killed push has left',
    break: (made) => {
      stale(made, 'HEAD.lock');
      expect(made.clone.push(`${made.clone.commit('new')}:refs/heads/main`).exitCode).toBe(1);
    },
    after: (made) => pushes(made, `${made.clone.commit('new')}:refs/heads/main`),
  },
  {
    id: 'git-lock-stale',
    what: 'the lock of packed refs that a killed deletion has left',
    break: (made) => {
      made.bare.git('branch', 'old', 'main');
      made.bare.git('pack-refs', '--all');
      stale(made, 'packed-refs.lock');
      expect(made.clone.push(':refs/heads/old').exitCode).toBe(1);
    },
    after: (made) => pushes(made, ':refs/heads/old'),
  },
];

describe('aynig doctor --bare finds', () => {
  test.for(cases)('$id: $what; its command mends it', (one, context) => {
    if (one.asRoot && process.getuid?.() !== 0) return skipBecause(`${one.what}: only root can give files away`, context);
    const made = healthy();
    one.break(made);
    // A file that is too large to be compared is not one that doctor would write.
    const seen = (): unknown => (one.id === 'logs-large' ? undefined : snapshot(made.bare.path));
    const before = seen();
    const report = examine(made);
    expect(seen()).toEqual(before);
    const expected = one.id === 'hooks-not-installed' ? [one.id, 'server-setting'] : [one.id];
    expect(ids(report)).toEqual(expected.sort());
    expect(report.exitCode).toBe(findingKinds[one.id].severity === 'info' ? 0 : 1);
    for (const { fix } of report.findings) follow(made, fix);
    expect(examine(made).findings).toEqual([]);
    one.after?.(made);
  });

  test.each(cases.filter(({ id }) => 'fixed' in findingKinds[id]))('$id: $what; --fix mends it', (one) => {
    const made = healthy();
    one.break(made);
    expect(examine(made, ['--fix']).counts.mended).toBe(1);
    expect(examine(made).findings).toEqual([]);
    one.after?.(made);
  });
});

describe('aynig doctor', () => {
  test('finds nothing wrong with a server that is well, asked from anywhere', () => {
    const made = healthy();
    expect(examine(made)).toMatchObject({ findings: [], exitCode: 0 });
    expect(made.bare.aynig(['doctor'], { cwd: made.bare.path }).stdout).toMatch(/^Nothing wrong/);
  });

  test('in a server looks at what a server needs, without being told that it is one', () => {
    const made = healthy();
    chmodSync(join(made.bare.path, 'hooks/pre-receive'), 0o644);
    expect(made.bare.aynig(['doctor'], { cwd: made.bare.path, expected: 1 }).stdout).toContain('[hook-not-executable]');
  });

  test('finds nothing wrong with hooks that others call', () => {
    const made = server({ hooks: [] });
    made.bare.write('hooks/post-receive', '#!/bin/sh\ncat >/dev/null\n', 0o755);
    made.clone.aynig(['init', '--bare', made.bare.path]);
    made.bare.git('config', 'user.name', 'Server');
    made.bare.git('config', 'user.email', 'server@example.com');
    expect(examine(made).findings).toEqual([]);
    made.bare.write('hooks/post-receive', '#!/bin/sh\ncat >/dev/null\n', 0o755);
    expect(ids(examine(made))).toEqual(['hook-missing']);
  });

  test('says which command a repository of another user needs', () => {
    const made = healthy();
    const changed = made.clone.program('chown', ['-R', '12345', made.bare.path], { expected: 'any' }).exitCode === 0;
    const answer = made.bare.aynig(['doctor'], { cwd: made.bare.path, expected: 'any' });
    // Only root can give a repository away; for others it stays their own.
    if (changed) expect(answer.stderr).toMatch(/\[dubious-ownership\]\nhint: git config --global --add safe\.directory/);
    else expect(answer.exitCode).toBe(0);
  });
});
