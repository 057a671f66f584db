import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareEnvironment } from '../scratch.js';
import { home } from '../workspace.js';
import { declineBy, emptyRepository, type Hosted, type ObjectFormat, type Way } from './hosted.js';
import { listen, programOf } from './listening.js';

/** Why there is none here; undefined where there is. */
export const noLighttpd = (): string | undefined => (programOf('lighttpd') === undefined ? 'lighttpd is not here' : undefined);

/** Users of the server with their passwords; carol may only read. */
const users = { ana: 'orange', carol: 'lemon' };

interface HttpHosted extends Hosted {
  /** The way of somebody with these words in the address; nobody: without any. */
  wayOf(credentials?: string): Way;
}

/** `git http-backend` behind lighttpd: for everybody, or for users with a password. */
export async function openHttp({ format, auth = false }: { format?: ObjectFormat; auth?: boolean } = {}): Promise<HttpHosted> {
  const lighttpd = programOf('lighttpd');
  if (lighttpd === undefined) throw new Error('no lighttpd');
  const serverHome = home('aynig-http-');
  const base = join(serverHome, 'repositories');
  const bare = emptyRepository(serverHome, join(base, 'work.git'), format);
  if (!auth) bare.git('config', 'http.receivepack', 'true');
  const passwords = join(serverHome, 'passwords');
  writeFileSync(
    passwords,
    Object.entries(users)
      .map(([name, password]) => `${name}:${password}\n`)
      .join(''),
    { mode: 0o600 },
  );
  const cgi = { ...bareEnvironment(serverHome), GIT_PROJECT_ROOT: base, GIT_HTTP_EXPORT_ALL: '1' };
  const config = join(serverHome, 'lighttpd.conf');
  const rule = (who: string): string => `auth.require = ("" => ("method" => "basic", "realm" => "git", "require" => "${who}"))`;
  const configuration = (port: number): string =>
    [
      'server.modules = ("mod_alias", "mod_setenv", "mod_auth", "mod_authn_file", "mod_cgi")',
      `server.document-root = "${base}"`,
      'server.bind = "127.0.0.1"',
      `server.port = ${port}`,
      `server.upload-dirs = ("${serverHome}")`,
      `alias.url = ("/git" => "${bare.git('--exec-path')}/git-http-backend")`,
      'cgi.assign = ("" => "")',
      `setenv.set-environment = (${Object.entries(cgi)
        .map(([name, value]) => `"${name}" => "${value}"`)
        .join(', ')})`,
      ...(auth
        ? [
            'auth.backend = "plain"',
            `auth.backend.plain.userfile = "${passwords}"`,
            // The backend's own way to know who pushes (git-http-backend(1)).
            `$HTTP["url"] =~ "/git-receive-pack$" { ${rule('user=ana')} }`,
            `else $HTTP["querystring"] =~ "service=git-receive-pack" { ${rule('user=ana')} }`,
            `else $HTTP["url"] =~ "" { ${rule('valid-user')} }`,
          ]
        : []),
      '',
    ].join('\n');
  const listening = await listen({
    file: lighttpd,
    args(port) {
      writeFileSync(config, configuration(port));
      return ['-D', '-f', config];
    },
    env: bareEnvironment(serverHome),
    cwd: serverHome,
  });
  const wayOf = (credentials?: string): Way => ({
    url: `http://${credentials === undefined ? '' : `${credentials}@`}127.0.0.1:${listening.port}/git/work.git`,
    env: {},
  });
  return {
    ...listening,
    wayOf,
    way: wayOf(auth ? `ana:${users.ana}` : undefined),
    bare,
    forReading() {
      if (auth) return wayOf(`carol:${users.carol}`);
      bare.git('config', 'http.receivepack', 'false');
      return wayOf();
    },
    protect: (branch) => declineBy(bare, branch),
  };
}
