import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aynig, env, folder } from './lab.js';

/** What one `aynig` took. */
export interface Count {
  /** git processes that it started. */
  readonly gits: number;
  /** The verbs of those that talked to a remote, in their order. */
  readonly network: readonly string[];
  /** Its own peak memory. */
  readonly megabytes: number;
}

const counter = join(folder, 'count.cjs');
writeFileSync(
  counter,
  `const cp = require('node:child_process'); const spawn = cp.spawn; let gits = 0; const network = [];
const verb = (args) => args.find((arg, index) => !arg.startsWith('-') && args[index - 1] !== '-c');
cp.spawn = function (file, args, ...rest) {
  if (file === 'git') { gits++; if (['fetch', 'ls-remote', 'push'].includes(verb(args))) network.push(verb(args)); }
  return spawn.call(this, file, args, ...rest);
};
require('node:module').syncBuiltinESMExports();
process.on('exit', () => require('node:fs').writeFileSync(process.env.COUNT_FILE, JSON.stringify({ gits, network, megabytes: process.resourceUsage().maxRSS / 1024 })));`,
);

let number = 0;

/** Runs `aynig` in a repository and counts what it does. Throws where it fails. */
export function counted(args: readonly string[], cwd: string): Promise<Count> {
  const file = join(folder, `count-${number++}.json`);
  const child = spawn(process.execPath, ['--require', counter, aynig, ...args], {
    cwd,
    env: { ...env, COUNT_FILE: file },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(readFileSync(file, 'utf8')) as Count);
      else reject(new Error(`aynig ${args.join(' ')} ended with ${code}:\n${Buffer.concat(said).toString('utf8')}`));
    });
  });
}
