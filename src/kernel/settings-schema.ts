import * as z from 'zod/mini';
import type { Remote } from '../trust/remotes.js';
import { isRole } from './names.js';
import { defaults, logLevels } from './settings-defaults.js';
import { maxLeaseSeconds } from './tip.js';

const whole = (least: number, most: number, what: string) =>
  z.pipe(
    z.string().check(z.regex(/^\d{1,15}$/, `must be a whole number, ${what}`)),
    z.pipe(
      z.transform(Number),
      z.number().check(z.minimum(least, `must be at least ${least}, ${what}`), z.maximum(most, `must be at most ${most}, ${what}`)),
    ),
  );
const text = (what: string) => z.string().check(z.minLength(1, `must not be empty, ${what}`), z.maxLength(4096, `is too long, ${what}`));
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values, `must be one of ${values.join(', ')}`);

/** Every setting: git config, section `aynig`. The names here are the ones in the documentation. */
export const settingsSchema = z.object({
  remote: z.optional(text('the name of a remote')),
  role: z.optional(z.string().check(z.refine(isRole, 'must be a role name: small letters, digits, ".", "_", "-"'))),
  leaseSeconds: z._default(whole(1, maxLeaseSeconds, 'in seconds'), defaults.leaseSeconds),
  timeoutSeconds: z._default(whole(0, 31_536_000, 'in seconds, 0 for no limit'), defaults.timeoutSeconds),
  maxParallel: z._default(whole(1, 1024, 'the number of commands that run at once'), defaults.maxParallel),
  maxTicks: z._default(whole(1, 10_000, 'the number of ticks of one branch in one go'), defaults.maxTicks),
  skewSeconds: z._default(whole(0, 86_400, 'in seconds'), defaults.skewSeconds),
  logLevel: z._default(oneOf(logLevels), defaults.logLevel),
  worktreeDir: z.optional(text('a directory')),
  wrapper: z.optional(text('a command prefix')),
  runnerId: z._default(
    z.string().check(z.regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable ASCII characters without spaces')),
    defaults.runnerId,
  ),
  tick: z._default(oneOf(['auto', 'off']), defaults.tick),
  trust: z._default(oneOf(['pinned', 'branch', 'signed']), defaults.trust),
  commandsDir: z.optional(text('a folder').check(z.regex(/^\//, 'must be an absolute path'))),
  trustedRef: z.optional(text('the name of a branch')),
  whenNodeIsMissing: z._default(oneOf(['accept', 'refuse']), defaults.whenNodeIsMissing),
  endStates: z._default(text('names of states, with spaces between'), defaults.endStates),
  branches: z.optional(text('patterns of branch names, with spaces between')),
});

export type SettingName = keyof z.infer<typeof settingsSchema>;
export type Settings = z.infer<typeof settingsSchema> & {
  /** git's own `gpg.ssh.allowedSignersFile`. */
  readonly allowedSigners?: string;
  readonly remotes: readonly Remote[];
};
