import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifest } from '../../src/packs/manifest.js';
import { projectRoot } from '../support/scratch.js';

const pack = join(projectRoot, 'ops-workflow-pack');
const read = (name: string): string => readFileSync(join(pack, name), 'utf8');
const { manifest, unknown } = readManifest(JSON.parse(read('pack.json')), { cwd: '/nowhere', base: '/nowhere' });
const states = manifest.states ?? {};
const commands = readdirSync(join(pack, 'command')).filter((name) => !name.startsWith('.'));
const rows = new Map(
  [...read('COMMANDS.md').matchAll(/^\| `(?<state>[^`]+)` \| (?<rest>.*) \|$/gm)].map(({ groups }) => [
    groups?.state ?? '',
    (groups?.rest ?? '').split(' | '),
  ]),
);
/** States that a person gives a meaning, and that need no entry in any pack. */
const common = ['done', 'review'];
/** What the kernel writes and reads in every state. */
const ofTheKernel = ['aynig-state', 'aynig-run-id', 'aynig-remote', 'aynig-log-level', 'aynig-lease-seconds'];
const named = (text: string): string[] => [...new Set(text.match(/\baynig-(?!ops-|agent\b)[a-z]+(?:-[a-z]+)*\b/g) ?? [])];
/** The trailers that a command's code speaks of, in either spelling. Comments do not count, nor do messages and temporary files. */
const ofTheCode = (text: string): string[] =>
  named(
    text
      .replaceAll(/^\s*#.*$/gm, '')
      // What a new commit does not take over.
      .replaceAll(/ops_carried [^)]*|dropped=\S+/g, '')
      .replaceAll(/AYNIG_TRAILER_(AYNIG_[A-Z_]+)/g, (_, name: string) => `${name.toLowerCase().replaceAll('_', '-')} `),
  );

describe('the ops pack', () => {
  test('has a manifest in which everything is understood', () => {
    expect(unknown).toEqual([]);
    expect(Object.keys(states)).toEqual(Object.keys(states).sort());
  });

  test('describes the same states in its manifest and its map, sorted', () => {
    expect([...rows.keys()]).toEqual(Object.keys(states));
  });

  test.each(commands)('has "%s" as an executable with a row and a section of the README', (command) => {
    expect(statSync(join(pack, 'command', command)).mode & 0o111).not.toBe(0);
    expect(rows.get(command)?.[0]).toMatch(`\`command/${command}\``);
    expect(read('README.md')).toMatch(new RegExp(`^## .*\`${command}\``, 'm'));
  });

  test.each(Object.keys(states).filter((state) => !commands.includes(state)))('has "%s" as a turn of somebody else', (state) => {
    expect(rows.get(state)?.[0]).toMatch(/^none: /);
  });

  test.each(Object.entries(states))('goes from "%s" only to states that are described', (_, { next = [] }) => {
    for (const state of next) expect([...Object.keys(states), ...common]).toContain(state);
  });

  test.each(commands)('reads and writes no trailer in "%s" that the manifest does not name', (command) => {
    const library = command === 'ops-fan-in' ? ['.lib/fan-in-child.sh', '.lib/fan-in-parent.sh'] : [];
    const code = [command, ...library].map((file) => read(join('command', file))).join('\n');
    const { reads = [], writes = [] } = states[command] ?? {};
    expect(ofTheCode(code).filter((key) => ![...reads, ...writes, ...ofTheKernel].includes(key))).toEqual([]);
    for (const key of named((rows.get(command) ?? []).slice(2, 4).join(' '))) expect([...reads, ...writes, ...ofTheKernel]).toContain(key);
  });
});
