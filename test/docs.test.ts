import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findingKinds } from '../src/doctor/finding.js';
import { madePages, pageOf } from '../src/explain/pages.js';
import { failureCodes } from '../src/failure.js';
import { settingsSchema } from '../src/kernel/settings-schema.js';
import { likeShown } from './support/doc-shell.js';
import { projectRoot, scratch } from './support/scratch.js';

const page = (name: string): string => readFileSync(join(projectRoot, name), 'utf8');

describe('the documentation', () => {
  test('lists every failure code with its meaning, and no other', () => {
    const listed = [...page('docs/errors.md').matchAll(/^\| `([a-z-]+)` \| (.+?) \|/gm)].map(([, code, meaning]) => [code, meaning]);
    expect(Object.fromEntries(listed)).toEqual(failureCodes);
  });

  test('lists every finding of doctor with its severity, its meaning and whether --fix mends it, and no other', () => {
    const rows = page('docs/doctor.md').matchAll(/^\| `([a-z-]+)` \| (\w+) \| (.+?) \| (yes)? ?\| .+ \|$/gm);
    const listed = [...rows].map(([, id, severity, meaning, fixed]) => [id, { severity, meaning, fixed: fixed !== undefined }]);
    const kinds = Object.entries(findingKinds).map(([id, { severity, meaning, ...kind }]) => [
      id,
      { severity, meaning, fixed: 'fixed' in kind },
    ]);
    expect(listed).toEqual(kinds);
  });

  test.each(madePages)('has in %s what npm run docs would write', (path) => {
    expect(page(path)).toBe(pageOf(path, page(path)));
  });

  test('would notice a table that is stale', () => {
    const stale = page('docs/errors.md').replace('| `git-missing` |', '| `git-lost` |');
    expect(stale).not.toBe(page('docs/errors.md'));
    expect(pageOf('docs/errors.md', stale)).toBe(page('docs/errors.md'));
  });

  test('lists every setting, and no other', () => {
    const table = page('README.md').split('## Settings')[1]?.split('\n## ')[0] ?? '';
    const listed = [...table.matchAll(/^\| `([A-Za-z]+)` \|/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual(Object.keys(settingsSchema.shape).sort());
  });

  test('names every verb of the help text', () => {
    const help = scratch().aynig(['--help']).stdout;
    const verbs = [...help.matchAll(/^ {2}aynig ([a-z-]+)/gm)].map(([, verb]) => verb);
    expect(verbs.length).toBeGreaterThan(10);
    const table = page('README.md').split('## Verbs')[1]?.split('\n## ')[0] ?? '';
    for (const verb of verbs) expect(table).toMatch(new RegExp(`\\b${verb}\\b`));
  });

  test('gives the two set-up commands', () => {
    for (const command of ['`npm ci && npm run demo`', '`npm ci && npm test`']) expect(page('README.md')).toContain(command);
  });

  test('shows an example command that works as it stands', () => {
    const example = /```sh\n(#!\/bin\/sh\nset -eu\nprintf[\s\S]+?)```/.exec(page('README.md'))?.[1] ?? '';
    const made = scratch();
    made.command('answer', example);
    made.request('answer', { body: 'What is the question?' });
    made.aynig(['run', '--current-branch', 'only']);
    expect(made.state()).toBe('review');
    expect(made.read('answer.txt')).toBe('What is the question?\n');
  });

  test('shows an example in AGENTS.md that works as it stands', () => {
    const example = /```sh\n(#!\/bin\/sh[\s\S]+?)```/.exec(page('AGENTS.md'))?.[1] ?? '';
    const made = scratch();
    made.write('Makefile', 'test:\n\ttrue\n');
    made.git('add', 'Makefile');
    made.command('test', example);
    made.request('test');
    made.aynig(['run', '--current-branch', 'only']);
    expect(made.state()).toBe('review');
  });
});

describe('the demo', () => {
  test('reaches its last state as the README shows, leaves nothing behind, and says where the result lies', () => {
    const made = scratch();
    const answer = made.program(process.execPath, ['scripts/typescript.mjs', 'scripts/demo.ts'], {
      cwd: projectRoot,
      env: { TMPDIR: made.root },
      expected: 'any',
    });
    expect(answer.stdout).toContain('Done: ');
    expect(answer.exitCode).toBe(0);
    const shown = /```console\n([\s\S]+?)\n```/.exec(page('README.md'))?.[1] ?? '';
    expect(shown).toContain('publish');
    expect(answer.stdout.trimEnd()).toMatch(likeShown(`…\n${shown.replace(/\d+ commits/, '… commits')}\n…`));
    expect(made.program('ls', [made.root]).stdout).not.toContain('aynig-demo-');
  });
});
