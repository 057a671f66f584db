import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { type Workspace, withOlderGit } from '../support/workspace.js';

const page = readFileSync(join(projectRoot, 'docs/hook-managers.md'), 'utf8');

/** The code blocks below a heading. */
const blocksBelow = (heading: string): string[] => {
  const section = page.split(`### ${heading}\n`)[1]?.split(/\n##+ /)[0] ?? '';
  return [...section.matchAll(/^```\w+\n([\s\S]+?)\n```$/gm)].map(([, lines = '']) => lines);
};

/** What stands between "Add to …:" and the next empty line but for one inside the lines. */
const printed = (made: Workspace): string =>
  [...made.aynig(['init'], { expected: 1 }).stdout.matchAll(/^Add to .+:\n\n([\s\S]+?)\n\n?(?=Add to |$(?![\s\S]))/gm)]
    .map(([, lines = '']) => lines.trimEnd())
    .join('\n');

describe('docs/hook-managers.md', () => {
  const shown: readonly [string, string, number, (made: Workspace) => void][] = [
    ['lefthook', 'lefthook', 0, (made) => made.write('lefthook.yml', 'pre-commit:\n  jobs:\n    - run: "true"\n')],
    ['pre-commit', 'pre-commit and prek', 0, (made) => made.write('.pre-commit-config.yaml', 'repos: []\n')],
    ['prek', 'pre-commit and prek', 1, (made) => made.write('prek.toml', '')],
    ['simple-git-hooks', 'simple-git-hooks', 0, (made) => made.write('package.json', '{ "simple-git-hooks": { "pre-commit": "true" } }\n')],
    [
      'hooks-path',
      'A folder of your own, named by `core.hooksPath`',
      0,
      (made) => {
        mkdirSync(join(made.path, 'githooks'));
        made.git('config', 'core.hooksPath', 'githooks');
      },
    ],
    ['wrapped', 'A hook that is no shell script', 0, (made) => made.write('.git/hooks/commit-msg', '#!/usr/bin/env python3\n', 0o755)],
  ];

  test.each(shown)('has the lines that init prints: %s', (_name, heading, at, prepare) => {
    const made = withOlderGit();
    prepare(made);
    expect(blocksBelow(heading)[at]).toBe(printed(made));
  });

  test('says what to run afterwards as init says it', () => {
    for (const [, , , prepare] of shown.slice(0, 4)) {
      const made = withOlderGit();
      prepare(made);
      const [, command = ''] = /hint: Add the lines above, then: (.+)/.exec(made.aynig(['init'], { expected: 1 }).stderr) ?? [];
      expect(page.replaceAll('\n', ' ')).toContain(command.replace('prek install', 'pre-commit install'));
    }
  });
});
