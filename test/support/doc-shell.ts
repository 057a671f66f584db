import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { processesWithHome } from './processes.js';

/** Ends what one command line printed, followed by its exit code. */
const end = /\x1e(\d+)\x1e\n$/;
const patienceMs = 120_000;

/** One shell in which the command lines of a page are run, one after the other, as a reader would type them. */
export class DocShell {
  readonly #root: string;
  readonly #child: ChildProcess;
  readonly #lines: Writable;
  #printed = '';
  #ended = false;
  #wake: () => void = () => undefined;
  #count = 0;

  /** `root` is `$HOME` of everything that is started; command lines of a page are read from files in it. */
  constructor(root: string, cwd: string, env: Record<string, string>) {
    this.#root = root;
    // The lines come by another descriptor than standard input, which stays empty for the programs.
    const loop = 'set -u; while IFS= read -r next_line <&3; do . "$next_line" </dev/null 3<&-; printf "\\036%s\\036\\n" "$?"; done 2>&1';
    this.#child = spawn('sh', ['-c', loop], { cwd, env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    this.#lines = this.#child.stdio[3] as Writable;
    const take = (text: string): void => {
      this.#printed += text;
      this.#wake();
    };
    // A character may come in two pieces.
    this.#child.stdout?.setEncoding('utf8').on('data', take);
    this.#child.stderr?.setEncoding('utf8').on('data', take);
    this.#child.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Runs one command line and answers what it printed on both streams, and its exit code. */
  async run(line: string): Promise<{ printed: string; exitCode: number }> {
    const file = join(this.#root, `.line-${this.#count++}`);
    writeFileSync(file, `${line}\n`);
    this.#printed = '';
    this.#lines.write(`${file}\n`);
    await this.#until(() => end.test(this.#printed) || this.#ended, `the end of: ${line}`);
    const [, exitCode] = end.exec(this.#printed) ?? [];
    if (exitCode === undefined) throw new Error(`the shell ended with: ${line}\n${this.#printed}`);
    return { printed: this.#printed.replace(end, ''), exitCode: Number(exitCode) };
  }

  /** Waits until everything that hooks have started has ended. */
  async quiet(): Promise<void> {
    const deadline = Date.now() + patienceMs;
    // One look can miss a process that is started by another which ends meanwhile.
    for (let looks = 0; ; ) {
      looks = processesWithHome(this.#root).every(({ pid }) => pid === this.#child.pid) ? looks + 1 : 0;
      if (looks === 3) return;
      if (Date.now() > deadline) throw new Error('something that was started does not end');
      await new Promise((next) => setTimeout(next, 10));
    }
  }

  close(): void {
    this.#lines.end();
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs);
    while (!condition())
      await new Promise<void>((next) => {
        this.#wake = next;
      });
    clearTimeout(limit);
    if (this.#child.signalCode === 'SIGKILL') throw new Error(`waited in vain for ${what}\n${this.#printed}`);
  }
}

/** Words in angle brackets stand for what the reader has to put there: a shell variable of that name here. */
export const withoutPlaceholders = (line: string): string =>
  line.replace(/<([a-z]+(?:-[a-z]+)*)>/g, (_all, name: string) => `$${name.replaceAll('-', '_')}`);

/** Why a shell cannot read the text; undefined where it can. Runs nothing. */
export function unreadable(text: string): string | undefined {
  const result = spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' });
  return result.status === 0 && result.stderr === '' ? undefined : result.stderr;
}

/** True where a here-document has not come to its end, which a shell reads without a word. */
const openDocument = (text: string): boolean =>
  [...text.matchAll(/<<-?\s*(['"]?)(\w+)\1/g)].some(
    ([all, , word], at) => !new RegExp(`^\\t*${word}$`, 'm').test(text.slice(text.indexOf(all) + all.length)) && at >= 0,
  );

/** Cuts a script into its command lines, which may go over several lines. Throws where a shell cannot read it. */
export function commandLines(text: string, where: string): string[] {
  const found: string[] = [];
  let open = '';
  for (const line of text.split('\n')) {
    open = open === '' ? line : `${open}\n${line}`;
    if (/^\s*(#|$)/.test(open)) open = '';
    else if (!openDocument(open) && !open.endsWith('\\') && unreadable(withoutPlaceholders(open)) === undefined) {
      found.push(open);
      open = '';
    }
  }
  if (open !== '') throw new Error(`${where}: a shell cannot read this:\n${open}\n${unreadable(withoutPlaceholders(open))}`);
  return found;
}

export interface Typed {
  readonly line: string;
  /** What the page shows below it. */
  readonly shown: string;
}

/** Takes a block with prompts and output apart: `$ ` begins a command line, what a shell does not need any more is output. */
export function typedIn(text: string, where: string): Typed[] {
  return text
    .split(/^(?=\$ )/m)
    .map((part) => part.replace(/^\$ /, '').split('\n'))
    .map((lines) => {
      for (let count = 1; count <= lines.length; count++) {
        const line = lines.slice(0, count).join('\n');
        if (!openDocument(line) && unreadable(withoutPlaceholders(line)) === undefined)
          return { line, shown: lines.slice(count).join('\n').trimEnd() };
      }
      throw new Error(`${where}: a shell cannot read this:\n${lines.join('\n')}`);
    });
}

const parts: readonly [RegExp, string][] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, '[0-9a-f]{8}-[0-9a-f-]{27}'],
  [/\b\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?(?:Z| ?[+-]\d\d:?\d\d)?)?/, String.raw`\d{4}-\d\d-\d\d[0-9T:Z +-]*`],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b/, '[0-9a-f]{7,64}'],
  [
    /\b\d+(?:\.\d+)? (?:ms|s|min|h|seconds?|minutes?)\b(?: \d+ s\b)?/,
    String.raw`\d+(?:\.\d+)? (?:ms|s|min|h|seconds?|minutes?)(?: \d+ s)?`,
  ],
  [
    /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} +\d+ \d\d:\d\d:\d\d \d{4}(?: [+-]\d{4})?/,
    String.raw`\w{3} \w{3} +\d+ [\d:]+ \d{4}(?: [+-]\d{4})?`,
  ],
  [/\b\d+[smhd]\b/, String.raw`\d+[smhd]`],
  [/…/, '[^\\n]*'],
  [/ +/, ' +'],
];
const anyPart = new RegExp(parts.map(([what]) => `(${what.source})`).join('|'), 'g');

/**
 * What matches the output that a page shows: object names, ids, dates, durations and widths of columns may differ, `…` stands for the rest
 * of a line or, on a line of its own, for any lines.
 */
export function likeShown(shown: string): RegExp {
  const lines = shown.split('\n').map((line) => (/^\s*…$/.test(line) ? '(?:[^\\n]*\\n)*?[^\\n]*' : likeLine(line)));
  return new RegExp(`^${lines.join('\\n')}$`);
}

function likeLine(line: string): string {
  let pattern = '';
  let from = 0;
  for (const match of line.matchAll(anyPart)) {
    pattern += escaped(line.slice(from, match.index));
    pattern += parts[match.slice(1).findIndex((group) => group !== undefined)]?.[1] ?? '';
    from = match.index + match[0].length;
  }
  return pattern + escaped(line.slice(from));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
