import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.js';
import { readFacts } from '../../src/doctor/facts.js';
import { hookSource } from '../../src/doctor/hook-files.js';
import { mendAll } from '../../src/doctor/mend.js';
import { openRepository } from '../../src/git/repository.js';
import { type Workspace, workspace } from '../support/workspace.js';

async function lookedAt(path: (made: Workspace) => string) {
  const made = workspace();
  made.write('.git/hooks/post-commit', '#!/bin/sh\n# aynig hook post-commit, version 0\n', 0o755);
  made.init();
  made.write(hook, made.read(hook).replace(/^node='.*'$/m, "node='/gone/it'\\''s/node'"), 0o755);
  const look = async () =>
    readFacts(await openRepository(made.path, made.env), hookSource(), { environment: made.env, path: [path(made)] });
  return { made, look };
}

const hook = '.git/hooks/commit-msg';

it.each([
  ['node-unreachable', 'a client without your shell finds no other', (made: Workspace) => made.root],
  ['hook-node-gone', 'another one is there', () => dirname(process.execPath)],
] as const)('%s: the Node of a hook is gone and %s; mended with the one that runs this', async (id, _, path) => {
  const { made, look } = await lookedAt(path);
  const facts = await look();
  const findings = diagnose(facts);
  expect(findings.map((finding) => finding.id)).toEqual([id]);
  expect(findings[0]?.sentence).toContain("/gone/it's/node");
  expect((await mendAll(facts, findings)).map(({ mended }) => mended)).toEqual(['done']);
  expect(diagnose(await look())).toEqual([]);
  expect(made.read(hook)).toContain(`node='${process.execPath}'`);
});

it('hook-node-gone: its command mends it', async () => {
  const { made, look } = await lookedAt(() => dirname(process.execPath));
  made.aynig(diagnose(await look()).flatMap(({ fix }) => fix.split(' ').slice(1)));
  expect(diagnose(await look())).toEqual([]);
});
