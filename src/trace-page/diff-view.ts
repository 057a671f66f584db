import type { TraceDiff } from './data.js';
import { make } from './dom.js';
import { type FileDiff, filesOf } from './patch.js';

/** A diff as one part for each file, which the reader opens and closes. Many files begin closed. */
export function diffView({ text, files, added, removed, cut }: TraceDiff): HTMLElement {
  const parts = filesOf(text);
  const summary = `${files} ${files === 1 ? 'file' : 'files'}, ${added} added and ${removed} removed ${removed === 1 ? 'line' : 'lines'}`;
  return make('div', { class: 'diff' }, [
    make('p', { class: 'quiet', text: summary }),
    ...parts.map((part) => fileView(part, parts.length <= 6)),
    cut === null ? undefined : make('p', { class: 'cut', text: cut }),
  ]);
}

function fileView({ name, lines }: FileDiff, open: boolean): HTMLElement {
  const box = make('details', {}, [make('summary', { text: name })]);
  // Lines are made when they are first looked at.
  const fill = (): void => {
    if (box.open && box.childElementCount === 1) box.append(linesView(lines));
  };
  box.addEventListener('toggle', fill);
  box.open = open;
  fill();
  return box;
}

const linesView = (lines: readonly string[]): HTMLElement =>
  make(
    'pre',
    { attributes: { tabindex: '0' } },
    lines.map((line) => make('span', { class: `line ${classOf(line)}`, text: `${line}\n` })),
  );

function classOf(line: string): string {
  if (line.startsWith('@@')) return 'hunk';
  if (line.startsWith('+')) return 'added';
  if (line.startsWith('-')) return 'removed';
  return line.startsWith(' ') ? 'same' : 'meta';
}
