import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { onTestFinished } from 'vitest';
import { projectRoot, temporaryDirectory } from './scratch.js';

/** A script for a process of its own: `imports` maps names to modules of `src`, `body` is plain JavaScript behind them. */
export function scriptOf(imports: Readonly<Record<string, string>>, body: string): string {
  const lines = Object.entries(imports).map(([names, module]) => `import { ${names} } from ${JSON.stringify(join(projectRoot, module))};`);
  const outfile = join(temporaryDirectory('aynig-child-'), 'child.mjs');
  buildSync({
    stdin: { contents: `${lines.join('\n')}\n${body}`, resolveDir: projectRoot, loader: 'js' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    logLevel: 'error',
  });
  return outfile;
}

/** A running program that is talked to line by line, and ended with the test. */
export class Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string) => void)[] = [];

  constructor(file: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; detached?: boolean } = {}) {
    this.process = spawn(file, args, { env: options.env ?? process.env, stdio: 'pipe', detached: options.detached ?? false });
    this.process.stdin.on('error', () => undefined);
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#lines.push(line);
      else next(line);
    });
    onTestFinished(() => this.end());
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the program was not started');
    return this.process.pid;
  }

  say(line: string): void {
    this.process.stdin.write(`${line}\n`);
  }

  /** The next line it prints. */
  hear(): Promise<string> {
    const line = this.#lines.shift();
    return line === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(line);
  }

  /** Kills it and waits until it is reaped. */
  end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.process.once('exit', () => resolve());
      this.process.kill('SIGKILL');
    });
  }
}
