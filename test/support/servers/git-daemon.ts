import { join } from 'node:path';
import { bareEnvironment } from '../scratch.js';
import { home } from '../workspace.js';
import { declineBy, emptyRepository, type Hosted, type ObjectFormat } from './hosted.js';
import { listen } from './listening.js';

/** `git daemon` with pushes allowed: no users, no encryption, for closed networks. */
export async function openGitDaemon(format?: ObjectFormat): Promise<Hosted> {
  const serverHome = home('aynig-daemon-');
  const base = join(serverHome, 'repositories');
  const bare = emptyRepository(serverHome, join(base, 'work.git'), format);
  const options = ['--reuseaddr', '--export-all', '--informative-errors', '--enable=receive-pack', '--listen=127.0.0.1'];
  const listening = await listen({
    file: 'git',
    args: (port) => ['daemon', ...options, `--port=${port}`, `--base-path=${base}`, base],
    env: bareEnvironment(serverHome),
    cwd: serverHome,
  });
  const way = { url: `git://127.0.0.1:${listening.port}/work.git`, env: {} };
  return {
    ...listening,
    way,
    bare,
    forReading() {
      bare.git('config', 'daemon.receivepack', 'false');
      return way;
    },
    protect: (branch) => declineBy(bare, branch),
  };
}
