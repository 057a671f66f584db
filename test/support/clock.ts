import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What Node takes for the time of day: as late as the file says, read anew each time. */
const clockModule = `
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const Real = Date;
const ahead = () => Number(readFileSync(join(__dirname, 'seconds'), 'utf8')) * 1000;
globalThis.Date = class extends Real {
  constructor(...args) { if (args.length === 0) super(Real.now() + ahead()); else super(...args); }
  static now() { return Real.now() + ahead(); }
};
`;

/**
 * A clock that a test puts forward. Leases are then as long as real ones, and a machine that is busy for half a minute ends none of
 * them: what has to be over is over because the clock says so, and at no other moment.
 */
export class Clock {
  readonly #folder: string;

  constructor(root: string, name = 'clock') {
    this.#folder = join(root, name);
    mkdirSync(this.#folder);
    this.putTo(0);
    writeFileSync(join(this.#folder, 'clock.cjs'), clockModule);
    const date = `"@$(($(date +%s) + $(cat '${this.#folder}/seconds'))) +0000"`;
    const shim = `#!/bin/sh\nGIT_COMMITTER_DATE=${date} GIT_AUTHOR_DATE=${date} exec "$CLOCK_GIT" "$@"\n`;
    writeFileSync(join(this.#folder, 'git'), shim, { mode: 0o755 });
  }

  /** What tells a program and all that it starts the time by this clock. */
  environment(env: Readonly<Record<string, string>>): Record<string, string> {
    const path = env['PATH'] ?? '';
    // What stands in for git there still does.
    const git = path
      .split(':')
      .map((folder) => join(folder, 'git'))
      .find((file) => existsSync(file));
    if (git === undefined) throw new Error('there is no git on PATH');
    return {
      ...env,
      NODE_OPTIONS: `--require ${join(this.#folder, 'clock.cjs')}`,
      CLOCK_GIT: git,
      PATH: `${this.#folder}:${path}`,
    };
  }

  /** From now on it is so many seconds ahead of the real one. */
  putTo(seconds: number): void {
    const path = join(this.#folder, 'seconds');
    // In one step: somebody may be reading it.
    writeFileSync(`${path}.new`, String(seconds));
    renameSync(`${path}.new`, path);
  }
}
