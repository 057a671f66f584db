import { expect, it } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.js';
import { readFacts } from '../../src/doctor/facts.js';
import { hookSource } from '../../src/doctor/hook-files.js';
import { mendAll } from '../../src/doctor/mend.js';
import { openRepository } from '../../src/git/repository.js';
import { workspace } from '../support/workspace.js';

it('finds that a client without your shell has no Node for a hook, and gives it the one that runs this', async () => {
  const made = workspace();
  made.write('.git/hooks/post-commit', '#!/bin/sh\n# aynig hook post-commit, version 0\n', 0o755);
  made.init();
  const hook = '.git/hooks/commit-msg';
  made.write(hook, made.read(hook).replace(/^node='.*'$/m, "node='/gone/node'"), 0o755);
  const look = async () => readFacts(await openRepository(made.path, made.env), hookSource(), { environment: made.env, path: [made.root] });
  const facts = await look();
  const findings = diagnose(facts);
  expect(findings.map(({ id }) => id)).toEqual(['node-unreachable']);
  expect((await mendAll(facts, findings)).map(({ mended }) => mended)).toEqual(['done']);
  expect(diagnose(await look())).toEqual([]);
  expect(made.read(hook)).toContain(`node='${process.execPath}'`);
});
