import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** One process, told apart from a later one that got the same number, also after a reboot or in another container. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As the system counts it; compared, never interpreted. */
  readonly startTime: string;
  /** Host, boot and process namespace: the space in which `pid` means something. */
  readonly space: string;
}

/** Whether a process is there. `elsewhere`: its number belongs to another host, boot or container and says nothing here. */
export type Presence = 'alive' | 'dead' | 'elsewhere';

let ownSpace: string | undefined;

function thisSpace(): string {
  ownSpace ??= `${hostname()}\n${readOr('/proc/sys/kernel/random/boot_id')}\n${linkOr('/proc/self/ns/pid')}`;
  return ownSpace;
}

export const identityOf = (pid: number): ProcessIdentity => ({ pid, startTime: startTimeOf(pid) ?? '', space: thisSpace() });

export function presenceOf(identity: ProcessIdentity): Presence {
  if (identity.space !== thisSpace()) return rebooted(identity.space) ? 'dead' : 'elsewhere';
  return startTimeOf(identity.pid) === identity.startTime && identity.startTime !== '' ? 'alive' : 'dead';
}

/** Same host and process namespace under another boot: everything that ran then is gone. */
function rebooted(space: string): boolean {
  const [host, boot, namespace] = space.split('\n');
  const [ownHost, ownBoot] = thisSpace().split('\n');
  // A container's host name and namespace are its own; only a host outside containers can be recognised after a reboot.
  return host === ownHost && boot !== ownBoot && namespace !== undefined && isInitialNamespace(namespace);
}

/** The number that Linux gives to the first process namespace of a machine (include/linux/proc_ns.h). */
const isInitialNamespace = (namespace: string): boolean => namespace === 'pid:[4026531836]' || namespace === '';

/** Whether a process of this machine and namespace has the number now. */
export const isAlive = (pid: number): boolean => startTimeOf(pid) !== undefined;

/** When a process started, or undefined when there is none (a zombie counts as none). */
function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const fields = statFields(pid);
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  }
  const answer = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    timeout: 5_000,
    env: { ...process.env, LC_ALL: 'C' },
  });
  return answer.stdout?.trim() || undefined;
}

/**
 * Processes whose environment names the run: what is left of a command whose runner died before it could note the
 * process number. Linux only; elsewhere the process group in the journal has to do.
 */
export const processesOfRun = (runId: string): number[] => processesMarked('AYNIG_RUN_ID', runId);

/**
 * Processes whose environment has a variable with this value, other than this one. One whose program is just being replaced shows
 * no environment, on a busy machine for a tenth of a second: it is waited for. Linux only; elsewhere none are found.
 */
export function processesMarked(name: string, value: string): number[] {
  if (process.platform !== 'linux') return [];
  const wanted = `${name}=${value}`;
  const deadline = Date.now() + changingMs;
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .map(Number)
    .filter((pid) => environmentOf(pid, deadline).includes(wanted));
}

/** How long a look waits for processes that are becoming others: a bound for a machine on which they never do. */
const changingMs = 2_000;

/** The flag of a thread of the kernel (include/linux/sched.h). */
const kernelThread = 0x0020_0000;

function environmentOf(pid: number, deadline: number): string[] {
  for (;;) {
    const environment = readIf(`/proc/${pid}/environ`);
    if (environment === undefined) return [];
    if (environment !== '') return environment.split('\0');
    const fields = statFields(pid);
    if (fields.length === 0 || fields[0] === 'Z' || fields[0] === 'X' || (Number(fields[6]) & kernelThread) !== 0) return [];
    // Where the environment ends in memory: written last of all. A moment ago it may not have been.
    if (fields[48] !== '0' || Date.now() > deadline) return readOr(`/proc/${pid}/environ`).split('\0');
    pause();
  }
}

const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);

/** Whether a process group still has a process that can do anything; one that only waits to be reaped cannot. */
export function groupIsAlive(pgid: number): boolean {
  if (process.platform === 'linux')
    return readdirSync('/proc').some((name) => {
      if (!/^\d+$/.test(name)) return false;
      const [state, , group] = statFields(Number(name));
      return Number(group) === pgid && state !== 'Z' && state !== 'X';
    });
  try {
    process.kill(-pgid, 0);
    return true;
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}

/** The fields of /proc/<pid>/stat from the state on: the name before them, in parentheses, may hold anything (proc(5)). */
function statFields(pid: number): string[] {
  const stat = readOr(`/proc/${pid}/stat`);
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** A file of /proc may vanish or be another user's at any moment: both read as empty. */
const readOr = (path: string): string => readIf(path) ?? '';

function readIf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isAbsence(error)) return '';
    throw error;
  }
}

const isAbsence = (error: unknown): boolean =>
  ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '');
