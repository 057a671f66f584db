import { execFileSync } from 'node:child_process';

/** Builds the bundles before any test runs: what the end-to-end tests install is what a user would get. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
}
