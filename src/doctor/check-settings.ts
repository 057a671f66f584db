import type { ScopedValue } from '../git/config.js';
import { settingsSchema } from '../kernel/settings-schema.js';
import { nearest } from '../nearest.js';
import type { Facts } from './facts.js';
import { type Finding, quoted } from './finding.js';

export const settingNames = Object.keys(settingsSchema.shape) as (keyof typeof settingsSchema.shape)[];
export const settingOf = (key: string): (typeof settingNames)[number] | undefined =>
  settingNames.find((name) => key === `aynig.${name.toLowerCase()}`);

/**
 * Whether a key is for commands rather than for aynig: `aynig.<pack>.<name>`, of which only the pack knows what there is, and
 * `aynig.agent` of the ops pack.
 */
const isOfCommands = (key: string): boolean => key.split('.').length > 2 || key === 'aynig.agent';

/** Keys that are none, values that cannot be used, and settings that are set more than once. */
export function checkSettings({ settings }: Facts): Finding[] {
  const byKey = new Map<string, ScopedValue[]>();
  for (const value of settings) byKey.set(value.key, [...(byKey.get(value.key) ?? []), value]);
  return [...byKey].flatMap(([key, values]): Finding[] => {
    if (isOfCommands(key)) return [];
    const name = settingOf(key);
    if (name === undefined) return values.map((value) => unknown(value, byKey));
    return [...checkValue(name, values), ...checkTwice(name, values)];
  });
}

const unset = ({ file, key }: ScopedValue): string => `git config --file ${quoted(file)} --unset-all ${quoted(key)}`;

function unknown(value: ScopedValue, all: ReadonlyMap<string, unknown>): Finding {
  const short = value.key.slice('aynig.'.length);
  const [near] = nearest(short, settingNames);
  const taken = near === undefined || all.has(`aynig.${near.toLowerCase()}`);
  return {
    id: 'setting-unknown',
    sentence: `${value.key} (set in ${value.file}) is not a setting${near === undefined ? '' : `; did you mean aynig.${near}?`}`,
    fix: taken ? unset(value) : `git config --file ${quoted(value.file)} aynig.${near} ${quoted(value.value ?? '')} && ${unset(value)}`,
  };
}

function checkValue(name: (typeof settingNames)[number], values: readonly ScopedValue[]): Finding[] {
  const last = values.at(-1);
  // One without a value is refused wherever it stands.
  const empty = values.find(({ value }) => value === undefined);
  const parsed = settingsSchema.shape[name].safeParse(last?.value);
  if (last === undefined || (empty === undefined && parsed.success)) return [];
  const at = empty ?? last;
  const what = empty !== undefined ? 'has no value' : `is ${JSON.stringify(last.value)} and ${parsed.error?.issues[0]?.message}`;
  return [{ id: 'setting-bad', sentence: `aynig.${name} ${what} (set in ${at.file}).`, fix: unset(at) }];
}

function checkTwice(name: string, values: readonly ScopedValue[]): Finding[] {
  const last = values.at(-1);
  if (last === undefined || values.length < 2) return [];
  const files = [...new Set(values.map(({ file }) => file))];
  const others = files.filter((file) => file !== last.file);
  const inOne = `git config --file ${quoted(last.file)} --replace-all aynig.${name} ${quoted(last.value ?? '')}`;
  return [
    {
      id: 'setting-twice',
      sentence: `aynig.${name} is set ${values.length} times (${files.join(', ')}); ${JSON.stringify(last.value ?? '')} from ${last.file} counts.`,
      fix: others.length === 0 ? inOne : others.map((file) => unset({ ...last, file })).join(' && '),
    },
  ];
}
