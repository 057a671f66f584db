import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { kill } from '../processes.js';

/** Where a program is; servers stand in folders that are not on everybody's PATH. Undefined where it is missing. */
export const programOf = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].map((folder) => join(folder, name)).find(existsSync);

/** How to start a server in the foreground. */
export interface Listener {
  readonly file: string;
  /** Its arguments, for a port of the loopback address. */
  readonly args: (port: number) => readonly string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
}

/** A server on a port of the loopback address; all of it is ended with the test. */
export interface Listening {
  readonly port: number;
  /** Ends the server and what it does for its clients, and waits until nobody listens. */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
}

/** No server takes so long, and nothing else does: how long to wait for one to listen or to end, in milliseconds. */
const patienceMs = 60_000;

/** Starts a server on a port that nobody else has, also while the server is stopped. */
export async function listen(listener: Listener): Promise<Listening> {
  return await listenOn(listener, programOf('perl') === undefined ? await freePort() : await ownPort());
}

async function listenOn(listener: Listener, port: number): Promise<Listening> {
  let running: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    const child = running;
    running = undefined;
    if (child?.pid === undefined) return;
    const ended = child.exitCode !== null || child.signalCode !== null ? undefined : new Promise((next) => child.once('exit', next));
    for (const pid of [...descendantsOf(child.pid), child.pid]) kill(pid, 'SIGKILL');
    await ended;
    await until(`nobody listens on port ${port}`, async () => !(await accepts(port)));
  };
  const start = async (): Promise<void> => {
    const printed: Buffer[] = [];
    const child = spawn(listener.file, [...listener.args(port)], {
      cwd: listener.cwd,
      env: listener.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running = child;
    let failed: Error | undefined;
    child.on('error', (error) => {
      failed = error;
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => printed.push(chunk));
    await until(`${listener.file} listens`, async () => {
      if (failed !== undefined || child.exitCode !== null)
        throw new Error(`${listener.file} did not start: ${failed?.message ?? Buffer.concat(printed).toString('utf8')}`);
      return accepts(port);
    });
  };
  onTestFinished(stop);
  await start();
  return { port, stop, start };
}

/**
 * A port of the loopback address that is kept until the test ends: bound, so that nobody is given it, and not listened to, so that a
 * server which reuses addresses can take it (socket(7), SO_REUSEADDR). Node binds no socket without listening to it.
 */
function ownPort(): Promise<number> {
  const bind =
    'socket(S, PF_INET, SOCK_STREAM, 0) && setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1) && bind(S, pack_sockaddr_in(0, INADDR_LOOPBACK))';
  const script = `${bind} or die $!; $| = 1; print +(unpack_sockaddr_in(getsockname(S)))[0]; sleep`;
  const holder = spawn('perl', ['-MSocket', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    holder.once('error', reject).once('exit', () => reject(new Error('no port')));
    holder.stdout.once('data', (text: Buffer) => resolve(Number(text.toString('utf8'))));
  });
}

/** A port that nobody has now, where there is no Perl, which most packages of git bring. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address === null || typeof address === 'string' ? reject(new Error('no port')) : resolve(address.port)));
    });
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (open: boolean) => (): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', answer(true));
    socket.once('error', answer(false));
  });
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((next) => setTimeout(next, 20));
  }
}

/** All processes below one, the deepest first. A server that changes its title hides its environment, but not its children. */
function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(Number(name));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap((child) => [...below(child), child]);
  return below(pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch (error) {
    // It ended meanwhile.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
