import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { server } from '../support/server.js';
import { skipBecause } from '../support/workspace.js';

test('the sandbox of docs/operate/server.md holds a command that does its work, and hides other repositories', async (context) => {
  const page = readFileSync(join(projectRoot, 'docs/operate/server.md'), 'utf8');
  const written = /git config aynig\.wrapper '([^']+)'/.exec(page)?.[1]?.replaceAll('\\\n', '') ?? '';
  const made = server({
    hooks: [],
    command: `#!/bin/sh\nset -eu\ngit config user.name Server\ngit config user.email server@example.com\nls "$SECRET" >/dev/null 2>&1 && exit 3\necho ok >made.txt\ngit add made.txt\ngit commit --quiet -m done -m 'aynig-state: review'`,
  });
  const { bare, clone, root } = made;
  // The folders of the example, as they are called here.
  const wrapper = written.replaceAll('/srv/git/project.git', bare.path).replaceAll('--ro-bind /srv/aynig /srv/aynig ', '');
  expect(wrapper).toContain('bwrap');
  const probe = clone.program('sh', ['-c', `exec ${wrapper} true`], { expected: 'any' });
  if (probe.exitCode !== 0) return skipBecause(`bwrap makes no sandbox here: ${probe.stderr.trim()}`, context);
  const request = clone.ask('build');
  clone.git('update-ref', 'refs/heads/work', request);
  bare.git('fetch', '--quiet', clone.path, 'refs/heads/work:refs/heads/work');
  bare.git('config', 'aynig.wrapper', wrapper);
  bare.aynig(['run'], { env: { SECRET: join(root, 'clone') } });
  expect(bare.state('refs/heads/work')).toBe('review');
});
