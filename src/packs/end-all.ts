/** How many looks in a row that find nothing say that nothing is left, and how long after one the next follows. */
const emptyLooks = 3;
const betweenMs = 20;

/**
 * Ends processes that `find` finds: what is asked to end has a moment to remove its files; then it has none. Over only when some
 * looks in a row find nothing: one can miss a process that is started by another which ends meanwhile.
 */
export async function endAll(
  find: () => number[],
  graceMs: number,
  send: (pid: number, signal: NodeJS.Signals) => void = kill,
): Promise<void> {
  const patience = Date.now() + graceMs;
  let killedAt: number | undefined;
  for (let empty = 0; empty < emptyLooks; await new Promise((next) => setTimeout(next, betweenMs))) {
    const found = find();
    empty = found.length === 0 ? empty + 1 : 0;
    if (found.length === 0) continue;
    const now = Date.now();
    // Counted from the first KILL and not from the begin: this process may have had no turn itself all the while.
    if (killedAt !== undefined && now - killedAt > graceMs) return;
    if (now >= patience) killedAt ??= now;
    for (const pid of found) send(pid, killedAt === undefined ? 'SIGTERM' : 'SIGKILL');
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
