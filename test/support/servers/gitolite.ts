import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareEnvironment } from '../scratch.js';
import { home, Workspace } from '../workspace.js';
import { cloneOf, type Hosted, type Way } from './hosted.js';
import { programOf } from './listening.js';
import { noSshd, openSshd } from './sshd.js';

/** Why there is none here; undefined where there is. */
export const noGitolite = (): string | undefined => (programOf('gitolite') === undefined ? 'gitolite is not here' : noSshd());

/** A gitolite with the repository `work`, which ana may push to and carol may read. */
export interface Gitolite extends Hosted {
  readonly home: string;
  /** The folder of the admin's own code (LOCAL_CODE). */
  readonly localCode: string;
  /** Runs a command of gitolite as its admin does on the server. */
  gitolite(...args: string[]): void;
  /** Adds lines to the rules of the repository, by a push of the admin's. */
  addRules(...lines: string[]): void;
}

/** `writable`: the refs that ana may write, as in gitolite.conf; everything where it is empty. */
export async function openGitolite({ writable = '' } = {}): Promise<Gitolite> {
  const gitolite = programOf('gitolite');
  if (gitolite === undefined) throw new Error('no gitolite');
  const serverHome = home('aynig-gitolite-');
  const localCode = join(serverHome, 'local');
  const bare = new Workspace(serverHome, join(serverHome, 'repositories/work.git'), bareEnvironment(serverHome));
  const server = await openSshd(bare, serverHome);
  const [ana, carol] = [server.key('ana'), server.key('carol')];
  const asAdmin = (...args: string[]): void => {
    bare.program(gitolite, args, { cwd: serverHome, env: { USER: 'git' } });
  };
  asAdmin('setup', '--pubkey', ana.publicKey);
  const rc = join(serverHome, '.gitolite.rc');
  // What an admin does with an editor: the folder for own code, and hooks for single repositories.
  const edited = readFileSync(rc, 'utf8')
    .replace(/^\s*# (LOCAL_CODE\s*=>\s*"\$ENV\{HOME\}\/local",)$/m, '$1')
    .replace(/^\s*# ('repo-specific-hooks',)$/m, '$1');
  chmodSync(rc, 0o600);
  writeFileSync(rc, edited);
  mkdirSync(join(localCode, 'hooks/repo-specific'), { recursive: true });
  mkdirSync(join(localCode, 'hooks/common'), { recursive: true });
  const admin = cloneOf(ana.way('/gitolite-admin'), 'admin');
  admin.write('keydir/carol.pub', readFileSync(carol.publicKey));
  const rules = [`RW+ ${writable} = ana`, 'R = carol'];
  const publish = (): void => {
    admin.write('conf/gitolite.conf', `repo gitolite-admin\n  RW+ = ana\nrepo work\n${rules.map((rule) => `  ${rule}\n`).join('')}`);
    admin.git('add', '--all');
    admin.git('commit', '--quiet', '--message', 'rules');
    admin.git('push', '--quiet', 'origin', 'HEAD:master');
  };
  publish();
  bare.git('symbolic-ref', 'HEAD', 'refs/heads/main');
  const reach = (who: typeof ana): Way => who.way('/work');
  return {
    stop: server.stop,
    start: server.start,
    home: serverHome,
    localCode,
    way: reach(ana),
    bare,
    gitolite: asAdmin,
    addRules(...lines) {
      rules.unshift(...lines);
      publish();
    },
    forReading: () => reach(carol),
    protect(branch) {
      rules.unshift(`- refs/heads/${branch}$ = @all`);
      publish();
    },
  };
}
