import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsOf, markdownIn, nodesOf, type Page, readPage } from '../support/doc-pages.js';
import { projectRoot } from '../support/scratch.js';

const book = markdownIn('docs', { deep: true });
const pages = [
  ...markdownIn('.').map((name) => name.replace(/^\.\//, '')),
  ...book,
  ...markdownIn('ops-workflow-pack'),
  ...markdownIn('bench'),
  ...markdownIn('templates', { deep: true }),
].map(readPage);

/** Addresses of the links and pictures of a page, with the line they stand on. */
const linksOf = ({ tree }: Page): { url: string; line: number }[] =>
  [...nodesOf(tree)].flatMap(({ node }) =>
    node.type === 'link' || node.type === 'image' || node.type === 'definition'
      ? [{ url: node.url, line: node.position?.start.line ?? 0 }]
      : [],
  );

/** Every source file of a folder, as one text. */
const textOf = (folder: string): string =>
  readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');

/** What is called so in the first column of any table of a page. */
const namesIn = (page: string, pattern: RegExp): string[] =>
  [...readPage(page).text.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(pattern)].map(([name]) => name));

const anchors = new Map<string, Set<string>>();
const hasAnchor = (page: string, anchor: string): boolean => {
  const known = anchors.get(page) ?? anchorsOf(readPage(page));
  anchors.set(page, known);
  return known.has(anchor);
};

describe('links', () => {
  test.each(pages.map((page) => [page.name, page] as const))('of %s lead to something', (name, page) => {
    const broken = linksOf(page).flatMap(({ url, line }) => {
      if (/^[a-z]+:/.test(url)) return [];
      const [path = '', anchor] = url.split('#');
      const target = path === '' ? name : normalize(join(dirname(name), decodeURIComponent(path)));
      const there = !target.startsWith('..') && existsSync(join(projectRoot, target));
      const anchored = anchor === undefined || (target.endsWith('.md') && there && hasAnchor(target, anchor));
      return there && anchored ? [] : [`${name}:${line}: ${url}`];
    });
    expect(broken).toEqual([]);
  });

  test('of the index lead to every page of the book', () => {
    const linked = linksOf(readPage('docs/README.md')).map(({ url }) => normalize(join('docs', url)));
    expect(book.filter((name) => name !== 'docs/README.md' && !linked.includes(name))).toEqual([]);
  });
});

describe('aynig in running text', () => {
  // Another test compares this page with the program.
  const options = new Map(
    readPage('docs/cli.md')
      .text.split(/^## /m)
      .slice(1)
      .map((section) => [
        section.split('\n', 1)[0] ?? '',
        [...section.matchAll(/^\| `([^`]+)`/gm)].flatMap(([, name]) => name?.match(/--[a-z-]+/g) ?? []),
      ]),
  );
  const always = ['--log-level', '--help', '--version'];

  test.each(pages.map((page) => [page.name, page] as const))('of %s is called with verbs and options that it has', (name, page) => {
    expect(options.size).toBeGreaterThan(15);
    const wrong = [...nodesOf(page.tree)].flatMap(({ node }) => {
      if (node.type !== 'inlineCode') return [];
      const [, verb, rest = ''] = /^aynig ([a-z][a-z-]+)\b(.*)$/.exec(node.value) ?? [];
      if (verb === undefined) return [];
      const known = options.get(verb);
      const unknown = (rest.match(/(?<=\s)--[a-z][a-z-]*/g) ?? []).filter(
        (option) => ![option, option.replace('--no-', '--')].some((name) => [...always, ...(known ?? [])].includes(name)),
      );
      return known === undefined || unknown.length > 0 ? [`${name}:${node.position?.start.line}: ${node.value}`] : [];
    });
    expect(wrong).toEqual([]);
  });
});

describe('the reference', () => {
  /** Whole words alone: names of files, of folders and of hooks go on behind them. These stand alone and are none. */
  const noTrailer = new Set(['aynig-publish']);
  const trailersIn = (text: string): string[] =>
    [...text.matchAll(/(?<![\w./-])aynig-[a-z]+(?:-[a-z]+)*(?![\w.-])/g)].map(([name]) => name).filter((name) => !noTrailer.has(name));

  test('of trailers lists all that the program, the contract and the ops pack know, and no other', () => {
    const used = trailersIn([textOf('src'), textOf('ops-workflow-pack'), readPage('CONTRACT.md').text].join('\n'));
    const listed = namesIn('docs/trailers.md', /aynig-[a-z-]+/g);
    expect([...new Set(listed)].sort()).toEqual([...new Set(used)].sort());
    expect(listed.length).toBe(new Set(listed).size);
  });

  test('of the environment lists every variable that the program sets or reads', () => {
    // The version is put in by the build.
    const used = [...textOf('src').matchAll(/\bAYNIG(?:_[A-Z]+)+\b/g)].map(([name]) => name).filter((name) => name !== 'AYNIG_VERSION');
    const page = readPage('docs/environment.md').text;
    const known = (name: string): boolean =>
      new RegExp(`\`${name}\\b`).test(page) || (name.startsWith('AYNIG_TRAILER_') && page.includes('`AYNIG_TRAILER_<KEY>`'));
    expect(used.length).toBeGreaterThan(20);
    expect([...new Set(used)].filter((name) => !known(name))).toEqual([]);
  });
});

describe('the glossary', () => {
  const rows = new Map(
    [...readPage('docs/glossary.md').text.matchAll(/^\| \*\*([a-z ]+)\*\* \| (.+?) \| /gm)].map(([, word = '', meaning = '']) => [
      word,
      meaning,
    ]),
  );

  /** Every word that the project has given a meaning, with what its definition cannot do without. */
  test.each([
    ['title', 'people'],
    ['body', 'prompt'],
    ['trailer', 'data'],
    ['state', '`aynig-state`'],
    ['command', '`.aynig/command/<state>`'],
    ['command', '`.aynig/roles/<role>/command/<state>`'],
    ['tip', 'only the tip is ever read for a decision'],
    ['tick', 'read the tip, claim, run, settle'],
    ['runner', 'it ends when nothing is ready'],
    ['lease', '`aynig-state: working`'],
    ['lease', '`aynig-lease-seconds`'],
    ['claim', 'request'],
    ['renew', 'alive'],
    ['settle', 'ends a run'],
    ['takeover', 'expired'],
    ['arbiter', 'a remote, or this repository'],
    ['heartbeat', '`refs/aynig/lease/<run>`'],
    ['kept ref', '`refs/aynig/kept/<run>`'],
  ])('defines %s by %s', (word, essence) => {
    expect(rows.get(word)).toContain(essence);
  });

  test('names every reading that a tip can have', () => {
    const kinds = [
      ...(/export type Reading =([\s\S]+?);\n\n/
        .exec(readFileSync(join(projectRoot, 'src/kernel/decide.ts'), 'utf8'))?.[1]
        ?.matchAll(/kind: '([a-z]+)'/g) ?? []),
    ];
    expect(kinds.length).toBeGreaterThan(5);
    for (const [, kind] of kinds) expect(rows.get('reading')).toMatch(new RegExp(`\\b${kind}\\b`));
  });

  test('is in order, and has no word that the book does not use', () => {
    expect([...rows.keys()]).toEqual([...rows.keys()].sort());
    const others = pages.filter(({ name }) => name !== 'docs/glossary.md').map(({ text }) => text.toLowerCase());
    expect([...rows.keys()].filter((word) => !others.some((text) => text.includes(word)))).toEqual([]);
  });
});
