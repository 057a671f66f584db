import { readdirSync, readFileSync } from 'node:fs';

/** A process that belongs to a test, known by the HOME that the test gave it. */
export interface TestProcess {
  readonly pid: number;
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
}

/** What a process file of /proc holds; empty when the process has gone meanwhile. */
function procFile(pid: number, name: 'cmdline' | 'environ' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

/** An exec takes a millisecond, and a process that is kept waiting in the middle of it some more. */
const execMs = 5_000;

/**
 * The environment of a process. One that is just replacing its program has none for a moment: its new memory is there, and what stands in
 * it is not yet (proc_pid_stat(5), `env_end` is 0 so long). It is waited for, or who looks then would take it for nobody's.
 */
function environmentOf(pid: number): string {
  for (const deadline = Date.now() + execMs; ; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)) {
    const environment = procFile(pid, 'environ');
    if (environment !== '' || Date.now() > deadline) return environment;
    const [memory, codeStart, environmentEnd] = [20, 23, 48].map((field) => statField(pid, field));
    // It has no memory: it has ended, or belongs to the kernel. Of one that may not be looked into, the code begins at 1.
    if (memory === undefined || memory === 0 || codeStart === 1) return '';
    // It was replaced between the two looks, or was started with nothing.
    if (environmentEnd !== 0) return procFile(pid, 'environ');
  }
}

/** All living processes that were started, however indirectly, with this HOME: no test shares one with another. */
export function processesWithHome(home: string): TestProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .flatMap((pid) => {
      const environment = environmentOf(pid).split('\0');
      if (!environment.includes(`HOME=${home}`)) return [];
      return [{ pid, environment, arguments: procFile(pid, 'cmdline').split('\0').slice(0, -1) }];
    });
}

/**
 * The runners that hooks have started with this HOME. A process that a runner is just forking has its words until it has those
 * of its program; it is told apart by its parent, as no runner starts another.
 */
export function runnersWithHome(home: string): number[] {
  const alike = processesWithHome(home)
    .filter((one) => one.arguments.some((argument) => /\/runner\.\w+$/.test(argument)))
    .map(({ pid }) => ({ pid, parent: parentOf(pid) }));
  return alike.filter(({ parent }) => parent !== undefined && !alike.some(({ pid }) => pid === parent)).map(({ pid }) => pid);
}

/**
 * Waits until no process with this HOME is left, for the time that one needs to end that was told to. One look can miss a process
 * that starts another and ends meanwhile, or one whose program is just being replaced.
 */
export async function untilNoneWithHome(home: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (let looks = 0; looks < 3; ) {
    const left = processesWithHome(home);
    looks = left.length === 0 ? looks + 1 : 0;
    if (Date.now() > deadline && left.length > 0)
      throw new Error(`still there: ${left.map((each) => `${each.pid} ${each.arguments.join(' ')}`).join('; ')}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}

/** Ends, one by one by their ids, all processes of a test, also those that are being started meanwhile: until two looks find none. */
export function endProcessesWithHome(home: string): void {
  for (let round = 0, looks = 0; looks < 2 && round < 100; round++) {
    const left = processesWithHome(home);
    looks = left.length === 0 ? looks + 1 : 0;
    for (const { pid } of left) kill(pid, 'SIGKILL');
  }
}

/** Sends a signal; a process that has gone is as good. A negative id means a process group. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Process group of a process, or undefined when it has gone. */
export const groupOf = (pid: number): number | undefined => statField(pid, 2);

/** The process that started a process, or undefined when it has gone. */
const parentOf = (pid: number): number | undefined => statField(pid, 1);

/** A number of proc_pid_stat(5), counted from the state, which follows the name in parentheses and is 0. */
function statField(pid: number, at: number): number | undefined {
  const stat = procFile(pid, 'stat');
  return stat === '' ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[at]);
}
