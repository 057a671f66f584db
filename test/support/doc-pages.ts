import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Code, Heading, Html, Nodes, Parents, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { projectRoot } from './scratch.js';

/** A Markdown page of this project, by its path from the root. */
export interface Page {
  readonly name: string;
  readonly text: string;
  readonly tree: Root;
}

export const readPage = (name: string): Page => {
  const text = readFileSync(join(projectRoot, name), 'utf8');
  return { name, text, tree: fromMarkdown(text) };
};

/** Markdown files of a folder of this project, sorted; with `deep` also of the folders below it. */
export const markdownIn = (folder: string, { deep = false } = {}): string[] =>
  readdirSync(join(projectRoot, folder), { withFileTypes: true, recursive: deep })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name).slice(projectRoot.length + 1))
    .sort();

/** All nodes below a node in the order of the text, each with its elder sibling. */
export function* nodesOf(parent: Parents): Generator<{ node: Nodes; before: Nodes | undefined }> {
  for (const [at, node] of parent.children.entries()) {
    yield { node, before: parent.children[at - 1] };
    if ('children' in node) yield* nodesOf(node);
  }
}

const textOf = (node: Nodes): string => ('value' in node ? node.value : 'children' in node ? node.children.map(textOf).join('') : '');

/** The anchors that forges give to the headings of a page. */
export function anchorsOf({ tree }: Page): Set<string> {
  const anchors = new Set<string>();
  for (const { node } of nodesOf(tree)) {
    if (node.type !== 'heading') continue;
    const slug = slugOf(node);
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

const slugOf = (heading: Heading): string =>
  textOf(heading)
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

/** A world to begin here, lines to run in it out of sight, or what is special about the next block. */
export interface Directive {
  readonly line: number;
  readonly fixture?: string;
  /** Shell lines that prepare what the reader has already. */
  readonly given: string;
  /** Why the next block cannot be run. */
  readonly notHere?: string;
  /** Exit code of the last command line of the next block. */
  readonly exits: number;
  /** The next block does not wait until what a hook has started has ended. */
  readonly atOnce: boolean;
  /** The next block is the command of a state, and a request for it ends in the state `then`. */
  readonly command?: { readonly state: string; readonly then: string };
}

export interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** Where the lines between the fences begin and end in the page. */
  readonly directive: Directive | undefined;
  readonly code: Code;
}

/** What a page says about trying it, and its blocks of command lines, in order. */
export function stepsOf({ tree, name }: Page): (Directive | Block)[] {
  return [...nodesOf(tree)].flatMap(({ node, before }) => {
    if (node.type === 'html') return directiveOf(node, name) ?? [];
    if (node.type !== 'code') return [];
    return {
      line: lineOf(node),
      language: node.lang ?? '',
      text: node.value,
      directive: before?.type === 'html' ? directiveOf(before, name) : undefined,
      code: node,
    };
  });
}

const lineOf = (node: Nodes): number => node.position?.start.line ?? 0;

function directiveOf(node: Html, page: string): Directive | undefined {
  const [, head = '', given = ''] = /^<!-- try: ?(.*?)(?:\n([\s\S]*))?\s*-->$/.exec(node.value) ?? [];
  if (!node.value.startsWith('<!-- try:')) return undefined;
  const [, notHere] = /^not here, because (.+)/s.exec(`${head}\n${given}`.trim()) ?? [];
  const directive: Directive = { line: lineOf(node), given: notHere === undefined ? given : '', exits: 0, atOnce: false };
  if (notHere !== undefined) return { ...directive, notHere: notHere.replaceAll('\n', ' ') };
  let so = directive;
  for (const word of head.split(';').map((one) => one.trim())) if (word !== '') so = { ...so, ...oneWord(word, `${page}:${so.line}`) };
  return so;
}

function oneWord(word: string, where: string): Partial<Directive> {
  const [, fixture] = /^fixture=([a-z-]+)$/.exec(word) ?? [];
  if (fixture !== undefined) return { fixture };
  const [, exits] = /^exits (\d+)$/.exec(word) ?? [];
  if (exits !== undefined) return { exits: Number(exits) };
  const [, state, then] = /^command (\S+), then (\S+)$/.exec(word) ?? [];
  if (state !== undefined && then !== undefined) return { command: { state, then } };
  if (word === 'at once') return { atOnce: true };
  throw new Error(`${where}: nobody knows how to try: ${word}`);
}
