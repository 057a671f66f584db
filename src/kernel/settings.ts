import { availableParallelism, hostname } from 'node:os';
import * as z from 'zod/mini';
import { Failure } from '../failure.js';
import { readConfig } from '../git/config.js';
import type { Git } from '../git/gate.js';
import { isRole } from './names.js';
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

/** Levels of what the runner and the verbs say, from most to least. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Every setting: git config, section `aynig`. The names here are the ones in the documentation. */
export const settingsSchema = z.object({
  remote: z.optional(text('the name of a remote')),
  role: z.optional(z.string().check(z.refine(isRole, 'must be a role name: small letters, digits, ".", "_", "-"'))),
  leaseSeconds: z._default(whole(1, maxLeaseSeconds, 'in seconds'), 600),
  timeoutSeconds: z._default(whole(0, 31_536_000, 'in seconds, 0 for no limit'), 0),
  maxParallel: z._default(whole(1, 1024, 'the number of commands that run at once'), availableParallelism()),
  maxTicks: z._default(whole(1, 10_000, 'the number of ticks of one branch in one go'), 50),
  skewSeconds: z._default(whole(0, 86_400, 'in seconds'), 30),
  logLevel: z._default(oneOf(logLevels), 'info'),
  worktreeDir: z.optional(text('a directory')),
  wrapper: z.optional(text('a command prefix')),
  runnerId: z._default(
    z.string().check(z.regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable ASCII characters without spaces')),
    hostname()
      .replace(/[^\x21-\x7e]/g, '-')
      .slice(0, 128) || 'unknown',
  ),
  tick: z._default(oneOf(['auto', 'off']), 'auto'),
});

export type Settings = z.infer<typeof settingsSchema>;
export type SettingName = keyof Settings;

const names = Object.keys(settingsSchema.shape) as SettingName[];

/** Reads all settings. Throws {@link Failure} bad-setting, which names the key and the file that sets it. */
export async function readSettings(git: Git): Promise<Settings> {
  const given: Partial<Record<SettingName, { value: string; origin: string }>> = {};
  for (const { key, value, origin } of await readConfig(git, '^aynig\\.')) {
    const name = names.find((candidate) => key === `aynig.${candidate.toLowerCase()}`);
    if (name === undefined) continue;
    if (value === undefined) throw badSetting(name, origin, 'has no value');
    given[name] = { value, origin };
  }
  const parsed = settingsSchema.safeParse(Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, value])));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = issue?.path[0] as SettingName;
  throw badSetting(name, given[name]?.origin ?? 'unknown', `is "${given[name]?.value}" and ${issue?.message}`);
}

const badSetting = (name: SettingName, origin: string, what: string): Failure =>
  new Failure('bad-setting', `aynig.${name} ${what} (set in ${origin.replace(/^file:/, '')}).`, {
    hint: `Set it right, or remove it with: git config --unset-all aynig.${name}`,
  });
