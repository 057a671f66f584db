import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { bareEnvironment } from '../scratch.js';
import { home } from '../workspace.js';
import { emptyRepository } from './hosted.js';
import { programOf } from './listening.js';

/** Why there can be no such server here. */
export const noOpenssl = (): string | undefined => (programOf('openssl') === undefined ? 'openssl is not installed' : undefined);

/** git's own smart HTTP behind TLS, for reading, with a certificate that nobody knows but who is told of it. */
export async function openHttps() {
  const root = home('aynig-https-');
  const bare = emptyRepository(root, join(root, 'repositories/work.git'));
  const [key, certificate] = [join(root, 'key.pem'), join(root, 'certificate.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  const made = spawnSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate, ...subject],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) =>
    answer(root, request, response),
  );
  onTestFinished(
    () =>
      new Promise<void>((next) => {
        server.close(() => next());
        server.closeAllConnections();
      }),
  );
  await new Promise<void>((next) => server.listen(0, '127.0.0.1', next));
  return { bare, certificate, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/work.git` };
}

/** One request by git-http-backend(1), as a web server calls it (CGI). */
function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'https://127.0.0.1');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...bareEnvironment(root),
      GIT_PROJECT_ROOT: join(root, 'repositories'),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  child.on('close', () => {
    const all = Buffer.concat(said);
    const end = all.indexOf('\r\n\r\n');
    for (const line of all.subarray(0, end).toString('latin1').split('\r\n')) {
      const colon = line.indexOf(':');
      const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
      if (name.toLowerCase() === 'status') response.statusCode = Number(value.split(' ')[0]);
      else response.setHeader(name, value);
    }
    response.end(all.subarray(end + 4));
  });
}
