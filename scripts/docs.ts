// Writes the tables of the documentation that are made from the code. test/docs.test.ts fails where one is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { madePages, pageOf } from '../src/explain/pages.js';

for (const path of madePages) {
  const text = readFileSync(path, 'utf8');
  const made = pageOf(path, text);
  if (made !== text) writeFileSync(path, made);
  console.log(`${made === text ? 'as it was' : 'written  '}  ${path}`);
}
