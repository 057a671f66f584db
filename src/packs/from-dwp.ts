import { translateText } from './dwp-text.js';

/** A file of a pack: its path below the pack's root, its mode as git writes it, and its content. */
export interface PackFile {
  readonly path: string;
  readonly mode: string;
  readonly bytes: Uint8Array;
}

export interface Change {
  /** The path as it is now. */
  readonly path: string;
  /** The path as it was, where that changed. */
  readonly from?: string;
  /** How many places in the text were changed. */
  readonly count: number;
}

/** Something that a person has to look at. */
export interface LeftOver {
  readonly path: string;
  /** Line of the translated text, counted from 1; 0 when the file or its path is meant. */
  readonly line: number;
  /** What stands there, at most {@link maxLeftOverText} characters. Of a stranger: not fit for a terminal as it is. */
  readonly text: string;
  readonly why: string;
}

export interface Translation {
  readonly files: readonly PackFile[];
  readonly changes: readonly Change[];
  /** At most {@link maxLeftOver}. */
  readonly leftOver: readonly LeftOver[];
  /** How many there are in all. */
  readonly leftOverCount: number;
}

export const maxLeftOver = 200;
export const maxLeftOverText = 200;
/** Larger files are left alone. */
export const maxTextBytes = 1024 * 1024;

const regularModes = ['100644', '100755'];
const mentions = /d\0?w\0?p/i;
/** A folder of commands, and what is below it. */
const commandPath = /^((?:.*\/)?(?:roles\/[^/]+\/)?command\/)([^.].*)$/;
const legalState = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;

const lowerCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const asText = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
const shown = (text: string): string => {
  const readable = Buffer.from(text.slice(0, 4 * maxLeftOverText), 'latin1')
    .toString('utf8')
    .trim();
  return Array.from(readable).slice(0, maxLeftOverText).join('');
};

/** Whether a pack is of the earlier naming, as far as its paths say. */
export const isOfEarlierNaming = (paths: readonly string[]): boolean => paths.some((path) => path.split('/').includes('.dwp'));

const currentFolder = (path: string): string =>
  path
    .split('/')
    .map((name) => (name === '.dwp' ? '.aynig' : name))
    .join('/');

/** Where the command of a state belongs: names of states and roles have small letters. */
function commandInSmallLetters({ mode }: PackFile, path: string): string {
  const [, folder = '', state = ''] = commandPath.exec(path) ?? [];
  if (mode !== '100755' || state === '' || state.includes('/.')) return path;
  return folder.replace(/roles\/[^/]+\/command\/$/, lowerCase) + lowerCase(state);
}

interface Place {
  readonly path: string;
  readonly why?: string;
}

/** Gives every file its path of now. Where another file has that already, it stays where it is. */
function placesOf(files: readonly PackFile[]): Place[] {
  const wanted = files.map((file) => [commandInSmallLetters(file, currentFolder(file.path)), currentFolder(file.path), file.path]);
  const taken = new Set(files.filter((file, index) => wanted[index]?.[0] === file.path).map(({ path }) => path));
  return files.map((file, index): Place => {
    const [best = file.path, ...others] = wanted[index] ?? [];
    if (best === file.path) return { path: best };
    const path = [best, ...others].find((each) => !taken.has(each)) ?? file.path;
    taken.add(path);
    return path === best ? { path } : { path, why: `its name of now would be ${best}, and another file has that` };
  });
}

function pathLeftOver(file: PackFile, { path, why }: Place): LeftOver[] {
  const entry = (reason: string): LeftOver => ({ path, line: 0, text: shown(asText(Buffer.from(path))), why: reason });
  if (why !== undefined) return [entry(why)];
  const state = commandPath.exec(path)?.[2];
  if (file.mode === '100755' && state !== undefined && !state.includes('/.') && (!legalState.test(state) || state.includes('..')))
    return [entry('it is no legal name of a state: use small letters, digits, ".", "_" and "-"')];
  return /dwp/i.test(path) ? [entry('the name of the file: no rule knows it')] : [];
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Replaces the paths of commands that have small letters now, where a text names them. */
function pathsInTexts(files: readonly PackFile[], places: readonly Place[]): (text: string) => { text: string; count: number } {
  const tail = (path: string): string => /(?:roles\/[^/]+\/)?command\/.*$/.exec(path)?.[0] ?? path;
  const moved = new Map(
    files
      .map((file, index) => [tail(file.path), tail(places[index]?.path ?? file.path)] as const)
      .filter(([from, to]) => from !== to)
      .map(([from, to]) => [asText(Buffer.from(from)), asText(Buffer.from(to))] as const),
  );
  if (moved.size === 0) return (text) => ({ text, count: 0 });
  const names = [...moved.keys()].sort((one, other) => other.length - one.length).map(escaped);
  const expression = new RegExp(`(?<![A-Za-z0-9_.-])(?:${names.join('|')})(?![A-Za-z0-9_/-]|\\.[A-Za-z0-9])`, 'g');
  return (text) => {
    let count = 0;
    const replaced = text.replace(expression, (name) => {
      count++;
      return moved.get(name) ?? name;
    });
    return { text: replaced, count };
  };
}

/**
 * Translates a pack of the earlier naming: paths, trailers, variables and flags, and lists what needs a person. Content changes
 * byte by byte where a rule says so and nowhere else. Translating twice is the same as translating once.
 */
export function translate(files: readonly PackFile[]): Translation {
  const places = placesOf(files);
  const inTexts = pathsInTexts(files, places);
  const changes: Change[] = [];
  const leftOver: LeftOver[] = [];
  const translated = files.map((file, index): PackFile => {
    const place = places[index] ?? { path: file.path };
    const { path } = place;
    leftOver.push(...pathLeftOver(file, place));
    const content = contentOf(file, path, inTexts);
    leftOver.push(...content.leftOver.map((entry) => ({ path, ...entry, text: shown(entry.text) })));
    const moved = path === file.path ? {} : { from: file.path };
    if (content.count > 0 || path !== file.path) changes.push({ path, ...moved, count: content.count });
    return { ...file, path, bytes: content.bytes };
  });
  return { files: translated, changes, leftOver: leftOver.slice(0, maxLeftOver), leftOverCount: leftOver.length };
}

interface Content {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly leftOver: readonly { readonly line: number; readonly text: string; readonly why: string }[];
}

function contentOf(file: PackFile, path: string, inTexts: (text: string) => { text: string; count: number }): Content {
  const { bytes, mode } = file;
  const original = asText(bytes);
  const why = !regularModes.includes(mode)
    ? 'it is no regular file'
    : bytes.includes(0)
      ? 'it is a binary file'
      : bytes.byteLength > maxTextBytes
        ? `it is larger than ${maxTextBytes} bytes`
        : undefined;
  if (why !== undefined)
    return { bytes, count: 0, leftOver: mentions.test(original) ? [{ line: 0, text: '', why: `${why}, and has "dwp" in it` }] : [] };
  const paths = inTexts(original);
  const { text, count, leftOver } = translateText(path, paths.text);
  const total = paths.count + count;
  return { bytes: total === 0 ? bytes : Buffer.from(text, 'latin1'), count: total, leftOver };
}
