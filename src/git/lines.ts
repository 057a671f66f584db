import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { gitEnvironment, gitSettings } from './environment.js';
import { GitError, type GitPlace, gitMissing, gitTimeout } from './gate.js';

/** A git that prints nothing for so long is ended. */
const silenceMs = 60_000;
/** How much of what git complains of is kept. */
const complaintBytes = 4_000;

/**
 * The lines that a git call prints, as they come: for answers that grow with the history. A caller that stops early ends
 * git too. Throws like {@link Git}; the time limit is for silence, 60 seconds, and not for the whole.
 */
export async function* gitLines(
  { cwd, gitDir }: GitPlace,
  args: readonly string[],
  input = '',
  inherited: NodeJS.ProcessEnv = process.env,
): AsyncGenerator<string> {
  const child = spawn('git', [...(gitDir === undefined ? [] : [`--git-dir=${gitDir}`]), ...gitSettings, ...args], {
    cwd,
    env: gitEnvironment(inherited),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  });
  let stderr = '';
  let silent = false;
  const hush = (): void => {
    silent = true;
    child.kill('SIGKILL');
  };
  let limit = setTimeout(hush, silenceMs);
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-complaintBytes);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended = new Promise<number | Error | null>((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
  const lines = createInterface({ input: child.stdout, crlfDelay: 0 });
  try {
    for await (const line of lines) {
      clearTimeout(limit);
      // The reader of these lines may take as long as it likes.
      yield line;
      limit = setTimeout(hush, silenceMs);
    }
    const end = await ended;
    if (silent) throw gitTimeout(args);
    if (end instanceof Error) throw (end as NodeJS.ErrnoException).code === 'ENOENT' ? gitMissing(end) : end;
    if (end !== 0) throw new GitError(args, end ?? undefined, stderr, cwd);
  } finally {
    clearTimeout(limit);
    child.kill('SIGKILL');
  }
}
