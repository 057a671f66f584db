import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { skipBecause, type Workspace, workspace } from '../support/workspace.js';

/** The settings that SECURITY.md shows, as a person would paste them. */
const shown = (): { wrapper: string; readOnly: string } => {
  const page = readFileSync(join(projectRoot, 'SECURITY.md'), 'utf8');
  const wrapper = /^git config aynig\.wrapper '(.+)'$/m.exec(page)?.[1] ?? '';
  const readOnly = /add `(--ro-bind[^`]+)`/.exec(page)?.[1]?.replaceAll('\n', ' ') ?? '';
  return { wrapper, readOnly };
};

function sandboxed(wrapper: string, command: string): Workspace {
  const made = workspace();
  made.git('config', 'aynig.wrapper', wrapper);
  made.command('build', command);
  made.request('build');
  made.aynig(['run', '--current-branch', 'only'], { expected: 'any' });
  return made;
}

const unusable = (made: Workspace): boolean =>
  made.program('bwrap', ['--ro-bind', '/', '/', '--dev', '/dev', '--unshare-net', 'true'], { expected: 'any' }).exitCode !== 0;

const tries = (what: string): string => `(${what}) 2>/dev/null && echo "${what.replaceAll('"', '')}" >>escaped`;

test('the sandbox that SECURITY.md shows lets a command work and commit, and write nowhere else', (context) => {
  if (unusable(workspace())) return skipBecause('the sandbox needs bwrap', context);
  const outside = join(workspace().root, 'outside');
  writeFileSync(outside, 'as it was');
  const made = sandboxed(
    shown().wrapper,
    [
      ': >escaped',
      tries(`echo changed >${outside}`),
      tries('echo >/etc/aynig-was-here'),
      tries('test "$(wc -l </proc/net/dev)" -gt 3'),
      'git add escaped; git commit -q -m done -m "aynig-state: review"',
    ].join('\n'),
  );
  expect(made.state()).toBe('review');
  expect(made.read('escaped')).toBe('');
  expect(readFileSync(outside, 'utf8')).toBe('as it was');
  expect(existsSync('/etc/aynig-was-here')).toBe(false);
});

test('with the two lines more that it shows, hooks and config stay as they are', (context) => {
  if (unusable(workspace())) return skipBecause('the sandbox needs bwrap', context);
  const { wrapper, readOnly } = shown();
  expect(readOnly).toContain('.git/hooks');
  const made = sandboxed(
    `${wrapper} ${readOnly}`,
    [
      ': >escaped',
      tries('git config core.hooksPath /evil'),
      tries('echo >../../.git/hooks/post-checkout'),
      'git add escaped; git commit -q -m done -m "aynig-state: review"',
    ].join('\n'),
  );
  expect(made.state()).toBe('review');
  expect(made.read('escaped')).toBe('');
});
