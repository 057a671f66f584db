import { catalogue } from '../explain/catalogue.js';
import type { Entry } from '../explain/entry.js';
import { entryLines, listLines } from '../explain/lines.js';
import { statesHere } from '../explain/states-here.js';
import { Failure } from '../failure.js';
import { nearest } from '../nearest.js';
import { jsonText } from '../printable.js';
import type { Io } from './io.js';

export interface ExplainFlags {
  readonly cwd: string;
  readonly word?: string | undefined;
  readonly json: boolean;
}

/** How many names are proposed for one that nobody knows. */
const mostProposed = 3;

/** `aynig explain`: what a word that we print means, and what to do about it; alone: every word. Needs no repository. Throws {@link Failure} unknown-word. */
export async function explain({ cwd, word, json }: ExplainFlags, io: Io): Promise<number> {
  const { entries, problem } = await wordsAt(cwd);
  const found = word === undefined ? entries : entriesFor(word, entries);
  if (problem !== undefined) io.err(`The states of this repository could not be read: ${problem}`);
  if (word !== undefined && found.length === 0) throw unknown(word, entries);
  if (json) await io.write(`${jsonText({ schema: 'aynig.explain/1', entries: found })}\n`);
  else {
    const lines =
      word === undefined ? listLines(found) : found.flatMap((entry, index) => [...(index === 0 ? [] : ['']), ...entryLines(entry)]);
    await io.write(`${lines.join('\n')}\n`);
  }
  return 0;
}

async function wordsAt(cwd: string): Promise<{ entries: Entry[]; problem?: string }> {
  const { entries: states, ...rest } = await statesHere(cwd);
  return { entries: [...catalogue().filter(({ kind }) => kind !== 'state'), ...states], ...rest };
}

/** Codes are printed in brackets, and a state may be asked for in capitals. */
function entriesFor(word: string, entries: readonly Entry[]): Entry[] {
  const meant = word
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return entries.filter((entry) => entry.word === meant);
}

function unknown(word: string, entries: readonly Entry[]): Failure {
  const near = nearest(word, [...new Set(entries.map((entry) => entry.word))], mostProposed);
  return new Failure('unknown-word', `Nothing here is called ${JSON.stringify(word.slice(0, 100))}.`, {
    hint: `${near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `}See all words with: aynig explain`,
  });
}

/** For completion. */
export const explainWords = async (cwd: string): Promise<string[]> => [...new Set((await wordsAt(cwd)).entries.map(({ word }) => word))];
