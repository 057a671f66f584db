import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Block, type Directive, type Page, readPage, stepsOf } from './doc-pages.js';
import { commandLines, DocShell, likeShown, type Typed, typedIn, unreadable, withoutPlaceholders } from './doc-shell.js';
import { type DocWorld, docWorld } from './doc-worlds.js';
import { projectRoot } from './scratch.js';

/** `AYNIG_DOCS=write` puts what was printed into the pages, where it differs from what they show. */
const writing = process.env['AYNIG_DOCS'] === 'write';

/** How many command lines were run, and how many only parsed, and why. */
export interface Count {
  executed: number;
  parsed: number;
  readonly reasons: Map<string, number>;
}

/** A test for each page: every command line in it is run, or says why it is not. Prints the counts at the end. */
export function tryPages(title: string, names: readonly string[]): void {
  const count: Count = { executed: 0, parsed: 0, reasons: new Map() };

  test.each(names)('%s: its command lines do what the page shows', async (name) => {
    await tryPage(readPage(name), count);
  });

  afterAll(() => {
    const reasons = [...count.reasons].map(([why, lines]) => `  ${String(lines).padStart(3)} ${why}\n`);
    process.stdout.write(`\ncommand lines of ${title}: ${count.executed} executed, ${count.parsed} only parsed\n${reasons.join('')}`);
  });
}

/** Runs the command lines of a page and adds to the counts. Throws what is wrong first. */
export async function tryPage(page: Page, count: Count = { executed: 0, parsed: 0, reasons: new Map() }): Promise<Count> {
  await new Attempt(page, count).run();
  return count;
}

/** One page that is being tried. */
class Attempt {
  readonly #page: Page;
  readonly #count: Count;
  readonly #rewritten: { readonly block: Block; readonly text: string }[] = [];
  #world: DocWorld | undefined;
  #shell: DocShell | undefined;

  constructor(page: Page, count: Count) {
    this.#page = page;
    this.#count = count;
  }

  async run(): Promise<void> {
    try {
      for (const step of stepsOf(this.#page)) {
        if (!('code' in step)) await this.#prepare(step);
        else if (['sh', 'console'].includes(step.language)) await this.#block(step);
        else if (step.language === '' && /^\$ /m.test(step.text))
          throw new Error(`${this.#where(step)}: command lines need \`\`\`sh or \`\`\`console`);
      }
    } finally {
      this.#shell?.close();
    }
    if (this.#rewritten.length > 0) this.#write();
  }

  #where = ({ line }: { line: number }): string => `${this.#page.name}:${line}`;

  async #prepare(directive: Directive): Promise<void> {
    if (directive.fixture !== undefined) {
      this.#shell?.close();
      this.#world = docWorld(directive.fixture);
      this.#shell = new DocShell(this.#world.root, this.#world.cwd, this.#world.env);
    }
    if (directive.given === '') return;
    const { printed, exitCode } = await this.#type(`set -e\n${directive.given}\nset +e`, directive);
    expect(exitCode, `${this.#where(directive)}: what is given failed:\n${printed}`).toBe(0);
    if (!directive.atOnce) await this.#shell?.quiet();
  }

  async #block(block: Block): Promise<void> {
    const { directive } = block;
    if (directive?.notHere !== undefined) return this.#parse(block, directive.notHere);
    if (directive?.command !== undefined) return await this.#command(block, directive.command);
    const where = this.#where(block);
    const typed: Typed[] =
      block.language === 'console' ? typedIn(block.text, where) : commandLines(block.text, where).map((line) => ({ line, shown: '' }));
    const texts: string[] = [];
    for (const [at, { line, shown }] of typed.entries()) {
      const { printed, exitCode } = await this.#type(line, block);
      this.#count.executed++;
      const expected = at === typed.length - 1 ? (directive?.exits ?? 0) : 0;
      expect(exitCode, `${where}: ${line}\n${printed}`).toBe(expected);
      if (block.language === 'console') texts.push(this.#compare(line, printed, shown, where));
      if (directive?.atOnce !== true) await this.#shell?.quiet();
    }
    if (block.language === 'console' && texts.join('\n') !== block.text) this.#rewritten.push({ block, text: texts.join('\n') });
  }

  /** Answers the text of the command line with the output that belongs below it. */
  #compare(line: string, printed: string, shown: string, where: string): string {
    const output = this.#readable(printed);
    const same = likeShown(shown).test(output);
    if (!writing) expect(same, `${where}: ${line}\nprints\n${output}\n\nand the page shows\n${shown}`).toBe(true);
    const below = same ? shown : output;
    return `$ ${line}${below === '' ? '' : `\n${below}`}`;
  }

  /** Paths as they are on the reader's machine, and no blanks at the ends of lines. */
  #readable(printed: string): string {
    const root = this.#world?.root ?? '';
    return printed
      .replaceAll(`${root}/srv/`, '/srv/')
      .replaceAll(`${root}/var/`, '/var/')
      .replaceAll(root, '/home/ana')
      .replaceAll(/[ \t]+$/gm, '')
      .trimEnd();
  }

  #parse({ text, language, ...block }: Block, why: string): void {
    const where = this.#where(block);
    const lines = language === 'console' ? typedIn(text, where).map(({ line }) => line) : commandLines(text, where);
    expect(unreadable(withoutPlaceholders(lines.join('\n'))), where).toBeUndefined();
    this.#count.parsed += lines.length;
    this.#count.reasons.set(why, (this.#count.reasons.get(why) ?? 0) + lines.length);
  }

  /** A block that is the text of a command: it is committed, asked for, and has to lead to the state that the page names. */
  async #command({ text, ...block }: Block, { state, then }: { state: string; then: string }): Promise<void> {
    const file = `.aynig/command/${state}`;
    const write = `mkdir -p '${file.slice(0, file.lastIndexOf('/'))}'\ncat >'${file}' <<'END_OF_COMMAND'\n${text}\nEND_OF_COMMAND\nchmod +x '${file}'`;
    const ask = `git add .aynig\ngit commit --quiet -m 'Add ${state}'\ngit commit --quiet --allow-empty -m 'Try ${state}' -m 'The prompt.' -m 'aynig-state: ${state}'`;
    const { printed, exitCode } = await this.#type(`${write}\n${ask}\naynig run --current-branch only`, block);
    expect(exitCode, `${this.#where(block)}:\n${printed}`).toBe(0);
    await this.#shell?.quiet();
    const { printed: reached } = await this.#type("git log -1 --format='%(trailers:key=aynig-state,valueonly)'", block);
    expect(reached.trim(), `${this.#where(block)}: ${printed}`).toBe(then);
    this.#count.executed += commandLines(text, this.#where(block)).length;
  }

  async #type(line: string, at: { line: number }): Promise<{ printed: string; exitCode: number }> {
    if (this.#shell === undefined) throw new Error(`${this.#where(at)}: no \`<!-- try: fixture=… -->\` stands above this`);
    return await this.#shell.run(withoutPlaceholders(line).replace(/ \/(srv|var\/lib)\//g, ` ${this.#world?.root}/$1/`));
  }

  #write(): void {
    let { text } = this.#page;
    for (const { block, text: lines } of this.#rewritten.reverse()) {
      const { start, end } = block.code.position ?? {};
      if (start?.offset === undefined || end?.offset === undefined) throw new Error('a block without a place');
      const fenced = `\`\`\`console\n${lines}\n\`\`\``.replaceAll('\n', `\n${' '.repeat(start.column - 1)}`);
      text = `${text.slice(0, start.offset)}${fenced}${text.slice(end.offset)}`;
    }
    writeFileSync(join(projectRoot, this.#page.name), text);
  }
}
