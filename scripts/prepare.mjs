// Runs after `npm ci` in a checkout of this project, and before `npm pack`: builds, and lets husky install the project's own hooks.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

process.chdir(new URL('..', import.meta.url).pathname);
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
if (existsSync('.git')) {
  const { default: husky } = await import('husky');
  const problem = husky();
  if (problem) console.warn(`husky: ${problem}`);
}
