import * as z from 'zod/mini';
import { Failure } from '../failure.js';
import { printable } from '../printable.js';
import { readState } from '../state-name.js';
import { type PackAddress, parseAddress, type Standing } from './address.js';
import { packLimits } from './limits.js';
import { isPackName } from './pack-name.js';
import { checkRef } from './ref.js';
import { checkSubfolder } from './subfolder.js';

/** One line that people read in a table. */
const sentence = z.string().check(z.maxLength(1000));
const word = z.string().check(z.minLength(1), z.maxLength(200));
const trailer = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/, 'must be the key of a trailer'));
const stateName = z.string().check(z.refine((text) => readState(text) === text, 'must be a state: small letters, digits, ".", "_", "-"'));

/** What a pack says of itself in `pack.json`. Everything may be left away: the folder itself is enough. */
export const packManifest = z.object({
  name: z.optional(z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be small letters, digits, ".", "_", "-"'))),
  version: z.optional(word),
  description: z.optional(sentence),
  states: z.optional(
    z.record(
      z.string(),
      z.object({
        description: z.optional(sentence),
        reads: z.optional(z.array(trailer)),
        writes: z.optional(z.array(trailer)),
        next: z.optional(z.array(stateName)),
      }),
    ),
  ),
  programs: z.optional(z.array(z.object({ name: word, for: z.optional(sentence), optional: z.optional(z.boolean()) }))),
  packs: z.optional(
    z
      .array(z.object({ source: z.string(), ref: z.optional(z.string()), subfolder: z.optional(z.string()) }))
      .check(z.maxLength(packLimits.packs, `must not be more than ${packLimits.packs}`)),
  ),
});
export type PackManifest = z.infer<typeof packManifest>;

/** A pack that another one builds on; every part is safe to hand to git. */
export interface NeededPack {
  readonly address: PackAddress;
  readonly ref?: string;
  readonly subfolder?: string;
}

export interface ReadManifest {
  readonly manifest: PackManifest;
  readonly needs: readonly NeededPack[];
  /** Keys that were not understood, such as `states.build.colour`; they say nothing. */
  readonly unknown: readonly string[];
}

/**
 * Reads a `pack.json` that is known to be JSON. `standing`: from where its relative paths count. Throws {@link Failure}
 * pack-manifest, which names the key.
 */
export function readManifest(json: unknown, standing: Standing): ReadManifest {
  const parsed = packManifest.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(keyOf(issue?.path ?? []), complaintOf(issue));
  }
  const manifest = parsed.data;
  if (manifest.name !== undefined && !isPackName(manifest.name)) throw wrong('name', 'must not have ".." in it');
  for (const state of Object.keys(manifest.states ?? {}))
    if (readState(state) !== state) throw wrong(`states.${state}`, 'is named like no state: small letters, digits, ".", "_", "-"');
  const needs = (manifest.packs ?? []).map(({ source, ref, subfolder }, index) => ({
    address: within(`packs.${index}.source`, () => parseAddress(source, standing)),
    ...(ref === undefined ? {} : { ref: within(`packs.${index}.ref`, () => checkRef(ref)) }),
    ...(subfolder === undefined ? {} : { subfolder: within(`packs.${index}.subfolder`, () => checkSubfolder(subfolder)) }),
  }));
  return { manifest, needs, unknown: unknownKeys(json, manifest) };
}

function within<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) throw wrong(key, `is not usable: ${error.message.replace(/\.$/, '')}`, error);
    throw error;
  }
}

const keyOf = (path: readonly PropertyKey[]): string => path.map(String).join('.');

const wrong = (key: string, what: string, cause?: unknown): Failure =>
  new Failure(
    'pack-manifest',
    `In the pack.json of the pack ${key === '' ? 'the whole' : printable(key.slice(0, 120))} ${printable(what)}.`,
    {
      hint: 'Tell the author of the pack; what is right is printed by: aynig schema pack',
      cause,
    },
  );

/** zod/mini brings no words of its own. */
function complaintOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined || issue.message !== 'Invalid input') return issue?.message ?? 'is wrong';
  if (issue.code === 'invalid_type') return `must be ${issue.expected === 'record' ? 'object' : issue.expected}`;
  if (issue.code === 'too_big') return `must not be longer than ${issue.maximum}`;
  return 'is wrong';
}

/** What a reading has left away, by its keys. */
function unknownKeys(given: unknown, read: unknown, at = ''): string[] {
  if (Array.isArray(given))
    return given.flatMap((item, index) => unknownKeys(item, (read as unknown[] | undefined)?.[index], `${at}${index}.`));
  if (given === null || typeof given !== 'object') return [];
  return Object.entries(given).flatMap(([key, value]) =>
    Object.hasOwn(read as object, key) ? unknownKeys(value, (read as Record<string, unknown>)[key], `${at}${key}.`) : [`${at}${key}`],
  );
}
