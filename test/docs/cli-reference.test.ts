import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cliReference, rowsOf } from '../../scripts/cli-reference.js';
import { projectRoot, type Scratch, scratch } from '../support/scratch.js';

const help = (made: Scratch, args: readonly string[]): string => made.aynig(args).stdout;

describe('the command line reference', () => {
  test('is what the program says of itself; npm run docs makes it anew', () => {
    const made = scratch();
    const page = readFileSync(join(projectRoot, 'docs/cli.md'), 'utf8');
    expect(page).toBe(
      cliReference(
        (args) => help(made, args),
        (name) => existsSync(join(projectRoot, 'docs', name)),
      ),
    );
  });

  test('reads rows whose text and marks go over several lines', () => {
    const text =
      'Usage\n\nOptions:\n  -f, --follow  Go on [or not] while\n                it runs  [boolean] [default: false]\n      --at\n  [required] [choices: "a", "b"]\n\nmore';
    expect(rowsOf(text, 'Options')).toEqual([
      { name: '-f, --follow', text: 'Go on [or not] while it runs', marks: ['boolean', 'default: false'] },
      { name: '--at', text: '', marks: ['required', 'choices: "a", "b"'] },
    ]);
    expect(rowsOf(text, 'Examples')).toEqual([]);
  });
});
