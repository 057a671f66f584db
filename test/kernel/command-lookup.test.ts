import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Oid, oid } from '../../src/git/names.js';
import { type Objects, openObjects } from '../../src/git/objects.js';
import { commandFolders, findCommand } from '../../src/kernel/command-lookup.js';
import type { State } from '../../src/kernel/names.js';
import { type Scratch, scratch } from '../support/scratch.js';

/** The tree of everything that lies in the working tree, and a reader of it. */
function committed(repo: Scratch): { objects: Objects; tree: Oid } {
  repo.git('add', '--all');
  const objects = openObjects(join(repo.path, '.git'), repo.env);
  onTestFinished(() => objects.close());
  return { objects, tree: oid(repo.git('write-tree')) };
}

const find = (repo: Scratch, state: string, role?: string) => {
  const { objects, tree } = committed(repo);
  return findCommand(objects, tree, state as State, role);
};

describe('the command of a state', () => {
  it('is the executable file of its name in the tree', async () => {
    const repo = scratch();
    repo.write('.aynig/command/build', '#!/bin/sh\n', 0o755);
    expect(await find(repo, 'build')).toEqual({ kind: 'present', path: '.aynig/command/build' });
  });

  it('is looked for in the tree and not in the working tree', async () => {
    const repo = scratch();
    const { objects, tree } = committed(repo);
    repo.write('.aynig/command/build', '#!/bin/sh\n', 0o755);
    expect(await findCommand(objects, tree, 'build' as State)).toEqual({ kind: 'missing' });
  });

  it('is missing where the tree has no commands, or no such one', async () => {
    const repo = scratch();
    expect(await find(repo, 'build')).toEqual({ kind: 'missing' });
    repo.write('.aynig/command/other', '#!/bin/sh\n', 0o755);
    expect(await find(repo, 'build')).toEqual({ kind: 'missing' });
    expect(await find(repo, 'other/deeper')).toEqual({ kind: 'missing' });
  });

  it('may lie in a folder, which is no command itself', async () => {
    const repo = scratch();
    repo.write('.aynig/command/ops/triage', '#!/bin/sh\n', 0o755);
    expect(await find(repo, 'ops/triage')).toEqual({ kind: 'present', path: '.aynig/command/ops/triage' });
    expect(await find(repo, 'ops')).toEqual({ kind: 'missing' });
  });

  it('is unusable when it is not executable, with the way to mend it', async () => {
    const repo = scratch();
    repo.write('.aynig/command/build', '#!/bin/sh\n', 0o644);
    expect(await find(repo, 'build')).toMatchObject({
      kind: 'unusable',
      path: '.aynig/command/build',
      why: 'is not executable',
      fix: expect.stringContaining('git update-index --chmod=+x .aynig/command/build'),
    });
  });

  it('is unusable when it is a symbolic link, also to an executable file', async () => {
    const repo = scratch();
    repo.write('.aynig/command/real', '#!/bin/sh\n', 0o755);
    symlinkSync('real', join(repo.path, '.aynig/command/build'));
    expect(await find(repo, 'build')).toMatchObject({ kind: 'unusable', why: 'is a symbolic link' });
  });

  it('is unusable when it is a submodule', async () => {
    const repo = scratch();
    const { objects } = committed(repo);
    repo.git('update-index', '--add', '--cacheinfo', `160000,${repo.head()},.aynig/command/build`);
    expect(await findCommand(objects, oid(repo.git('write-tree')), 'build' as State)).toMatchObject({
      kind: 'unusable',
      why: 'is a submodule',
    });
  });

  it('is missing when the folder of commands is itself a link or a file', async () => {
    const repo = scratch();
    repo.write('elsewhere/build', '#!/bin/sh\n', 0o755);
    repo.write('.aynig/README', '');
    symlinkSync('../elsewhere', join(repo.path, '.aynig/command'));
    expect(await find(repo, 'build')).toEqual({ kind: 'missing' });
  });
});

describe('a role', () => {
  it('looks into its own folder first and into the shared one after it', () => {
    expect(commandFolders('qa')).toEqual(['.aynig/roles/qa/command', '.aynig/command']);
    expect(commandFolders()).toEqual(['.aynig/command']);
  });

  it('has commands of its own, and shares the others', async () => {
    const repo = scratch();
    repo.write('.aynig/command/build', '#!/bin/sh\n', 0o755);
    repo.write('.aynig/command/test', '#!/bin/sh\n', 0o755);
    repo.write('.aynig/roles/qa/command/build', '#!/bin/sh\n', 0o755);
    expect(await find(repo, 'build', 'qa')).toEqual({ kind: 'present', path: '.aynig/roles/qa/command/build' });
    expect(await find(repo, 'test', 'qa')).toEqual({ kind: 'present', path: '.aynig/command/test' });
    expect(await find(repo, 'build', 'dev')).toEqual({ kind: 'present', path: '.aynig/command/build' });
    expect(await find(repo, 'build')).toEqual({ kind: 'present', path: '.aynig/command/build' });
  });

  it('whose command is unusable gets no other one instead', async () => {
    const repo = scratch();
    repo.write('.aynig/command/build', '#!/bin/sh\n', 0o755);
    repo.write('.aynig/roles/qa/command/build', '#!/bin/sh\n', 0o644);
    expect(await find(repo, 'build', 'qa')).toMatchObject({ kind: 'unusable', path: '.aynig/roles/qa/command/build' });
  });

  it('whose folder of that name holds other commands gets the shared one', async () => {
    const repo = scratch();
    repo.write('.aynig/command/ops', '#!/bin/sh\n', 0o755);
    repo.write('.aynig/roles/qa/command/ops/triage', '#!/bin/sh\n', 0o755);
    expect(await find(repo, 'ops', 'qa')).toEqual({ kind: 'present', path: '.aynig/command/ops' });
  });
});
