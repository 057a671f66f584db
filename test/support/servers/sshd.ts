import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { bareEnvironment } from '../scratch.js';
import { home, type Workspace } from '../workspace.js';
import { declineBy, emptyRepository, type Hosted, type ObjectFormat, type Way } from './hosted.js';
import { type Listening, listen, programOf } from './listening.js';

/** The machine of an OpenSSH server, as far as clients see it. */
export interface SshServer extends Listening {
  readonly home: string;
  /** Makes a key for somebody and answers how it is used; the key is let in by {@link SshServer.admit}. */
  key(name: string): { readonly publicKey: string; way(path: string): Way };
  /** Lets a key in; with `command`, for that command only. */
  admit(publicKey: string, command?: string): void;
}

/** Why there is none here; undefined where there is. */
export const noSshd = (): string | undefined =>
  programOf('sshd') === undefined || programOf('ssh-keygen') === undefined ? 'sshd or ssh-keygen is not here' : undefined;

/** An OpenSSH server of the user who runs this test, with files of its own; its sessions get `serverHome` as their HOME. */
export async function openSshd(tools: Pick<Workspace, 'program'>, serverHome: string): Promise<SshServer> {
  const sshd = programOf('sshd');
  if (sshd === undefined) throw new Error('no sshd');
  // Where root starts it, it wants this directory, which the service manager of a machine makes otherwise.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const folder = join(serverHome, '.ssh');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keygen = (path: string): void => {
    tools.program('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path], { cwd: serverHome });
  };
  const hostKey = join(folder, 'host_key');
  keygen(hostKey);
  const authorized = join(folder, 'authorized_keys');
  writeFileSync(authorized, '', { mode: 0o600 });
  const session = Object.entries(bareEnvironment(serverHome)).map(([name, value]) => `"${name}=${value}"`);
  const config = join(folder, 'sshd_config');
  writeFileSync(
    config,
    [
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${authorized}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'AuthenticationMethods publickey',
      'PermitRootLogin prohibit-password',
      // Many clones begin at once here.
      'MaxStartups 100',
      `SetEnv ${session.join(' ')}`,
      '',
    ].join('\n'),
  );
  const listening = await listen({
    file: sshd,
    args: (port) => ['-D', '-e', '-f', config, '-p', String(port)],
    env: bareEnvironment(serverHome),
    cwd: serverHome,
  });
  const known = join(folder, 'known_hosts');
  const hostLine = tools.program('cut', ['-d', ' ', '-f', '1,2', `${hostKey}.pub`], { cwd: serverHome }).stdout.trim();
  writeFileSync(known, `[127.0.0.1]:${listening.port} ${hostLine}\n`);
  return {
    ...listening,
    home: serverHome,
    key(name) {
      const path = join(folder, name);
      keygen(path);
      return {
        publicKey: `${path}.pub`,
        way: (repository) => ({
          url: `ssh://${userInfo().username}@127.0.0.1:${listening.port}${repository}`,
          env: { GIT_SSH_COMMAND: sshCommand(path, known) },
        }),
      };
    },
    admit(publicKey, command) {
      const line = tools.program('cat', [publicKey], { cwd: serverHome }).stdout;
      writeFileSync(authorized, `${command === undefined ? '' : `restrict,command="${command}" `}${line}`, { flag: 'a' });
    },
  };
}

/** ssh that reads no file of the machine's own. */
export const sshCommand = (key: string, known: string): string =>
  `ssh -F /dev/null -o IdentitiesOnly=yes -o IdentityAgent=none -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=${known} -i ${key}`;

/** OpenSSH in front of a bare repository. */
export async function openSsh(format?: ObjectFormat): Promise<Hosted & { readonly server: SshServer }> {
  const serverHome = home('aynig-ssh-');
  const bare = emptyRepository(serverHome, join(serverHome, 'repositories/work.git'), format);
  const server = await openSshd(bare, serverHome);
  const writer = server.key('ana');
  server.admit(writer.publicKey);
  return {
    stop: server.stop,
    start: server.start,
    server,
    way: writer.way(bare.path),
    bare,
    forReading() {
      const reader = server.key('carol');
      const script = bare.script(
        'only-reading',
        'case $SSH_ORIGINAL_COMMAND in git-upload-pack*) eval "$SSH_ORIGINAL_COMMAND" ;; *) echo "carol may only read here" >&2; exit 1 ;; esac',
      );
      server.admit(reader.publicKey, script);
      return reader.way(bare.path);
    },
    protect: (branch) => declineBy(bare, branch),
  };
}
