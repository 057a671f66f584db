import { printable } from '../printable.js';
import type { CriticalPath } from './critical-path.js';
import type { Graph } from './graph.js';
import { courseOf, labelOf } from './graph-text.js';
import type { Run } from './runs.js';

const colours: Readonly<Record<Run['outcome'], string>> = { completed: '#2da44e', stalled: '#cf222e', running: '#bf8700', lost: '#8250df' };

/** Runs by their branch, in the order in which the branches begin. */
function byBranch(runs: readonly Run[]): Map<string, Run[]> {
  const groups = new Map<string, Run[]>();
  for (const run of runs) groups.set(run.branch, [...(groups.get(run.branch) ?? []), run]);
  return groups;
}

/** Text for a label in quotes: what is no plain letter becomes one of Mermaid's entity codes, and so means nothing to it or to HTML. */
const mermaidText = (text: string): string => printable(text).replace(/[^A-Za-z0-9 .,_/()-]/gu, (char) => `#${char.codePointAt(0)};`);

const mermaidArrows = { next: '-->', later: '-.->', 'fan-out': '-->|asks|', join: '==>' } as const;

/** A Mermaid flowchart, as forges draw it in Markdown. */
export function mermaidLines({ runs, edges }: Graph, path: CriticalPath | undefined): string[] {
  const ids = new Map(runs.map((run, index) => [run.lease.commit, `r${index}`]));
  const lines = ['flowchart LR'];
  let group = 0;
  for (const [branch, own] of byBranch(runs)) {
    lines.push(`  subgraph b${group++}["${mermaidText(branch)}"]`);
    for (const run of own)
      lines.push(`    ${ids.get(run.lease.commit)}["${mermaidText(labelOf(run))}<br/>${mermaidText(courseOf(run))}"]:::${run.outcome}`);
    lines.push('  end');
  }
  for (const { from, to, kind } of edges) lines.push(`  ${ids.get(from)} ${mermaidArrows[kind]} ${ids.get(to)}`);
  lines.push(...Object.entries(colours).map(([outcome, colour]) => `  classDef ${outcome} stroke:${colour}`));
  const critical = path?.runs.map((run) => ids.get(run.lease.commit)) ?? [];
  if (critical.length > 0) lines.push('  classDef critical stroke-width:4px', `  class ${critical.join(',')} critical`);
  return lines;
}

/** A quoted string of the dot language, in which only quotes and backslashes have to be marked. */
const dotText = (text: string): string => `"${printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const dotStyles = { next: 'solid', later: 'dashed', 'fan-out': 'solid', join: 'bold' } as const;

/** A graph for Graphviz: `aynig graph --format dot | dot -Tsvg`. */
export function dotLines({ runs, edges }: Graph, path: CriticalPath | undefined): string[] {
  const lines = ['digraph aynig {', '  rankdir=LR;', '  node [shape=box, fontname="sans-serif"];'];
  let group = 0;
  for (const [branch, own] of byBranch(runs)) {
    lines.push(`  subgraph cluster_${group++} {`, `    label=${dotText(branch)};`);
    for (const run of own) {
      const label = `${dotText(labelOf(run)).slice(0, -1)}\\n${dotText(courseOf(run)).slice(1)}`;
      const width = path?.runs.includes(run) ? 3 : 1;
      lines.push(`    "${run.lease.commit}" [label=${label}, color="${colours[run.outcome]}", penwidth=${width}];`);
    }
    lines.push('  }');
  }
  for (const { from, to, kind } of edges) lines.push(`  "${from}" -> "${to}" [style=${dotStyles[kind]}];`);
  return [...lines, '}'];
}
