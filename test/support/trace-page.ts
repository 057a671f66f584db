import { readFileSync } from 'node:fs';
import type { TraceData } from '../../src/trace-page/data.js';
import type { Scratch } from './scratch.js';

/** The data in a page of `aynig trace`, as a browser reads it: up to the first end of the script element. */
export function dataOf(page: string): TraceData {
  const [, text] = /<script type="application\/json" id="data">([\s\S]*?)<\/script>/i.exec(page) ?? [];
  if (text === undefined) throw new Error('the page has no data');
  return JSON.parse(text) as TraceData;
}

/** Makes a page of a repository and answers its data. */
export function traced(made: Scratch, ...args: readonly string[]): TraceData {
  const path = made.aynig(['trace', '--force', ...args]).stdout.trim();
  return dataOf(readFileSync(path, 'utf8'));
}
