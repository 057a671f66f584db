import { Failure } from '../failure.js';
import { failureOf } from '../git/causes.js';
import { printable } from '../printable.js';
import type { Io } from './io.js';

/** Exit codes: 1 a failure with a name, 2 a command line that could not be understood, 70 a bug of ours (sysexits.h). */
export function report(error: unknown, io: Io, { debug }: { readonly debug: boolean }): number {
  const failure = failureOf(error);
  if (failure === undefined) {
    io.err(`aynig: internal error: ${printable(error instanceof Error ? error.message : String(error))}`);
    io.err('hint: this is a bug; run the same command with --log-level debug and report what it prints');
  } else {
    io.err(`aynig: ${printable(failure.message, { lines: true })} [${failure.code}]`);
    io.err(`hint: ${printable(failure.hint, { lines: true })}`);
  }
  if (debug) io.err(stackOf(error));
  return failure === undefined ? 70 : failure.code === 'usage' ? 2 : 1;
}

function stackOf(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error && parts.length < 10; at = at.cause) {
    const detail = at instanceof Failure ? '' : JSON.stringify(at);
    parts.push(`${at.stack ?? at.message}${detail === '{}' ? '' : ` ${detail}`}`);
  }
  return parts.join('\ncaused by: ');
}
