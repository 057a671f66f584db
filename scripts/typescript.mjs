// Runs one TypeScript file of this project: `node scripts/typescript.mjs <file> [arguments]`. Node 20 cannot do it alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const [file, ...rest] = process.argv.slice(2);
// Inside node_modules, so that packages are found from there and git ignores it.
const folder = mkdtempSync(join(root, 'node_modules', '.run-'));
const outfile = join(folder, 'main.mjs');
await build({
  entryPoints: [file],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.argv.splice(1, process.argv.length, file, ...rest);
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
await import(pathToFileURL(outfile).href);
