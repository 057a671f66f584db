import { Failure } from '../failure.js';
import { type ConfigValue, readConfig } from '../git/config.js';
import type { Git } from '../git/gate.js';
import { remoteKeys, remotesOf } from '../trust/remotes.js';
import { defaults } from './settings-defaults.js';
import type { SettingName, Settings } from './settings-schema.js';

/** Reads all settings. Throws {@link Failure} bad-setting, which names the key and the file that sets it. */
export const readSettings = async (git: Git): Promise<Settings> => settingsOf(await readConfig(git, settingsPattern));

/** The keys that are read, as git-config(1) --get-regexp takes them. The hooks' `launch` has it too. */
export const settingsPattern = `^(aynig\\..*|gpg\\.ssh\\.allowedsignersfile|${remoteKeys})$`;

/** {@link readSettings} for values that have been read already. */
export async function settingsOf(values: readonly ConfigValue[]): Promise<Settings> {
  if (values.length === 0) return { ...defaults, remotes: [] };
  const allowedSigners = values.findLast(({ key }) => key === 'gpg.ssh.allowedsignersfile')?.value;
  const others = { ...(allowedSigners === undefined ? {} : { allowedSigners }), remotes: remotesOf(values) };
  if (values.every(({ key }) => !key.startsWith('aynig.'))) return { ...defaults, ...others };
  const { settingsSchema } = await import('./settings-schema.js');
  const names = Object.keys(settingsSchema.shape) as SettingName[];
  const given: Partial<Record<SettingName, { value: string; origin: string }>> = {};
  for (const { key, value, origin } of values) {
    const name = names.find((candidate) => key === `aynig.${candidate.toLowerCase()}`);
    if (name === undefined) continue;
    if (value === undefined) throw badSetting(name, origin, 'has no value');
    given[name] = { value, origin };
  }
  const parsed = settingsSchema.safeParse(Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, value])));
  if (parsed.success) return { ...parsed.data, ...others };
  const issue = parsed.error.issues[0];
  const name = issue?.path[0] as SettingName;
  throw badSetting(name, given[name]?.origin ?? 'unknown', `is "${given[name]?.value}" and ${issue?.message}`);
}

const badSetting = (name: SettingName, origin: string, what: string): Failure =>
  new Failure('bad-setting', `aynig.${name} ${what} (set in ${origin.replace(/^file:/, '')}).`, {
    hint: `Set it right, or remove it with: git config --unset-all aynig.${name}`,
  });
