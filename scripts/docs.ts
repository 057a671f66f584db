// Writes what of the documentation is made from the code and the program: `npm run docs`. Tests fail where it is stale.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { madePages, pageOf } from '../src/explain/pages.js';
import { cliReference } from './cli-reference.js';

const ask = (args: readonly string[]): string => execFileSync(process.execPath, ['dist/cli.js', ...args], { encoding: 'utf8' });
const hasPage = (name: string): boolean => existsSync(`docs/${name}`);

for (const path of [...madePages, 'docs/cli.md']) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const made = path === 'docs/cli.md' ? cliReference(ask, hasPage) : pageOf(path, text);
  if (made !== text) writeFileSync(path, made);
  console.log(`${made === text ? 'as it was' : 'written  '}  ${path}`);
}
