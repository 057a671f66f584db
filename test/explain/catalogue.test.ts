import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/explain/catalogue.js';
import { nearest } from '../../src/nearest.js';
import { branchStatus, explainReport, stateEvent } from '../../src/observe/schemas.js';
import { projectRoot, scratch } from '../support/scratch.js';

const words = (kind: string): string[] => catalogue().flatMap((entry) => (entry.kind === kind ? [entry.word] : []));

describe('the catalogue', () => {
  test('has likely causes and a next step for every word, in whole sentences', () => {
    for (const { word, kind, meaning, causes, next } of catalogue()) {
      expect(causes.length, `${kind} ${word}`).toBeGreaterThan(0);
      expect(next.length, `${kind} ${word}`).toBeGreaterThan(0);
      for (const text of [meaning, ...causes, ...next]) expect(text, `${kind} ${word}`).toMatch(/^\S.*[.]$/);
    }
  });

  test('has every reading, and every word for leases and commands, that status prints, and every kind and severity of events', () => {
    expect(words('reading').sort()).toEqual([...branchStatus.shape.reading.options, 'ended'].sort());
    expect(words('lease').sort()).toEqual([...branchStatus.shape.lease.shape.status.options].sort());
    expect(words('command').sort()).toEqual([...branchStatus.shape.command.shape.status.options].sort());
    expect(words('event').sort()).toEqual([...stateEvent.shape.kind.options].sort());
    expect(words('severity').sort()).toEqual([...stateEvent.shape.severity.options].sort());
  });

  test('names verbs that there are', () => {
    const help = scratch().aynig(['--help']).stdout;
    const verbs = new Set([...help.matchAll(/^ {2}aynig ([a-z-]+)/gm)].map(([, verb]) => verb));
    const named = catalogue().flatMap((entry) =>
      [entry.meaning, ...entry.causes, ...entry.next].flatMap((text) =>
        [...text.matchAll(/`aynig ([a-z][a-z-]*)/g)].map(([, verb]) => verb),
      ),
    );
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((verb) => !verbs.has(verb))).toEqual([]);
  });

  test('is not in what hooks load', () => {
    for (const name of ['hook.cjs', 'announce.cjs', 'runner.cjs', 'fence.cjs'])
      expect(readFileSync(join(projectRoot, 'dist', name), 'utf8')).not.toContain('has a shorter PATH than your shell');
  });
});

describe('aynig explain', () => {
  test('says of a word nobody knows which are near, and how to see all', () => {
    const answer = scratch().aynig(['explain', 'land-refussed'], { expected: 1 });
    expect(answer.stdout).toBe('');
    expect(answer.stderr).toBe(
      'aynig: Nothing here is called "land-refussed". [unknown-word]\nhint: Did you mean land-refused or pack-refused? See all words with: aynig explain\n',
    );
    expect(scratch().aynig(['explain', 'x'.repeat(100_000)], { expected: 1 }).stderr.length).toBeLessThan(300);
  });

  test('says what an error code means, why it may be, and what to do, also outside of a repository and with its brackets', () => {
    const made = scratch();
    const { stdout } = made.aynig(['explain', '[No-Log]'], { cwd: made.root });
    expect(stdout).toMatch(
      /^no-log \(error code\)\n {2}No log was found\.\n {2}likely causes\n {4}- .+\n {4}- .+\n {2}what to do\n {4}- .+\n$/,
    );
  });

  test('explains each thing that a word can be', () => {
    const entries = explainReport.parse(JSON.parse(scratch().aynig(['explain', 'journal-broken', '--json']).stdout)).entries;
    expect(entries.map(({ kind, severity }) => [kind, severity])).toEqual([
      ['error', null],
      ['doctor', 'warning'],
    ]);
  });

  test('knows the states of the repository: where their commands are, and what COMMANDS.md says of them', () => {
    const made = scratch();
    made.write('.aynig/roles/ci/command/build', '#!/bin/sh\n', 0o755);
    made.write('.aynig/command/notes', 'no command\n');
    made.write(
      '.aynig/COMMANDS.md',
      '| state | what it does |\n|---|---|\n| `build` | builds \u001b[31mall\u202e |\n| review | a person looks |\n',
    );
    made.git('add', '.aynig');
    made.command('build', 'true');
    const { stdout } = made.aynig(['explain', 'BUILD']);
    expect(stdout).toContain('  command\n    - .aynig/command/build\n    - .aynig/roles/ci/command/build\n');
    expect(stdout).toContain('    - what it does: builds \\x1b[31mall\\u{202e}\n');
    const { entries } = explainReport.parse(JSON.parse(made.aynig(['explain', '--json']).stdout));
    expect(entries.filter(({ kind }) => kind === 'state').map(({ word, paths }) => [word, paths.length])).toEqual([
      ['build', 2],
      ['review', 0],
      ['stalled', 0],
      ['working', 0],
    ]);
    expect(made.aynig(['explain', 'review']).stdout).toContain('what it does: a person looks');
    expect(made.aynig(['explain', 'stalled']).stdout).toContain('aynig.timeoutSeconds');
  });

  test('knows the states whose commands are in a folder of the server, and not those that were pushed', () => {
    const made = scratch();
    made.command('pushed', 'true');
    const folder = join(made.root, 'commands of the server');
    for (const path of ['command/build', 'command/area/deploy', 'roles/ci/command/build'])
      made.program('install', ['-D', '-m', '755', '/dev/null', join(folder, path)]);
    made.program('install', ['-D', '-m', '644', '/dev/null', join(folder, 'command/notes')]);
    writeFileSync(join(folder, 'COMMANDS.md'), '| state | what it does |\n|---|---|\n| build | builds it here |\n');
    made.git('config', 'aynig.commandsDir', folder);
    const { entries } = explainReport.parse(JSON.parse(made.aynig(['explain', '--json']).stdout));
    expect(entries.filter(({ kind }) => kind === 'state').map(({ word, paths }) => [word, paths])).toEqual([
      ['area/deploy', [join(folder, 'command/area/deploy')]],
      ['build', [join(folder, 'command/build'), join(folder, 'roles/ci/command/build')]],
      ['stalled', []],
      ['working', []],
    ]);
    expect(made.aynig(['explain', 'build']).stdout).toContain('what it does: builds it here');
  });

  test.each([
    ['relative', 'commands', 'must be an absolute path'],
    ['not there', '/nowhere/commands', 'is not there'],
  ])('says that a folder of the server that is %s has no states', (_, folder, why) => {
    const made = scratch();
    made.git('config', 'aynig.commandsDir', folder);
    expect(made.aynig(['explain', 'stalled']).stderr).toBe(
      `The states of this repository could not be read: aynig.commandsDir, ${folder}, ${why}.\n`,
    );
  });

  test('works where a setting keeps every other verb from working, and where COMMANDS.md cannot be read', () => {
    const made = scratch();
    made.git('config', 'aynig.leaseSeconds', 'soon');
    expect(made.aynig(['explain', 'bad-setting']).stdout).toContain('bad-setting (error code)');
    made.write('.aynig/COMMANDS.md', `| state |\n|---|\n${'x'.repeat(300 * 1024)}\n`);
    made.command('build', 'true');
    made.git('add', '.aynig');
    made.git('commit', '--quiet', '--message', 'long');
    const answer = made.aynig(['explain', 'build']);
    expect(answer.stdout).toContain('.aynig/command/build');
    expect(answer.stderr).toContain('.aynig/COMMANDS.md is too long to be read');
  });

  test('lists every word once for each thing that it is', () => {
    const made = scratch();
    const { stdout } = made.aynig(['explain']);
    for (const { word } of catalogue()) expect(stdout).toMatch(new RegExp(`^ {2}${word} `, 'm'));
    expect(stdout.split('\n\n')).toHaveLength(new Set(catalogue().map(({ kind }) => kind)).size);
  });

  test('is completed by its words', () => {
    const made = scratch();
    made.command('build', 'true');
    const offered = made.aynig(['--get-yargs-completions', 'aynig', 'explain', ''], { expected: 'any' }).stdout.split('\n');
    for (const word of ['land-refused', 'undelivered', 'stalled', 'build', 'hooks-off']) expect(offered).toContain(word);
  });
});

test('names are near that differ in few letters, the nearest first', () => {
  expect(nearest('LeasSecond', ['skewSeconds', 'leaseSeconds', 'role'], 2)).toEqual(['leaseSeconds']);
  expect(nearest('abd', ['abcx', 'abc'], 2)).toEqual(['abc', 'abcx']);
  expect(nearest('nothing-like-it', ['role'])).toEqual([]);
});
