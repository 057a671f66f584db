import { afterAll, expect } from 'vitest';
import type { Judgement } from './history-checker.js';

interface Row {
  readonly what: string;
  count: number;
  doubleExecutions: number;
  lostCommits: number;
  stuckBranches: number;
}

/** What was done to the product and what came of it: a row for each kind of fault. The figures are the checker's. */
export class FaultTable {
  readonly #rows = new Map<string, Row>();

  /** Adds `count` faults of a kind (branches raced, calls crashed) with what the checker found after them. */
  add(what: string, count: number, judgement: Judgement): void {
    const row = this.#rows.get(what) ?? { what, count: 0, doubleExecutions: 0, lostCommits: 0, stuckBranches: 0 };
    this.#rows.set(what, row);
    row.count += count;
    row.doubleExecutions += judgement.doubleExecutions.length;
    row.lostCommits += judgement.lostCommits.length;
    row.stuckBranches += judgement.stuckBranches.length;
  }

  render(title: string): string {
    const head = ['what', 'count', 'double executions', 'lost commits', 'stuck branches'];
    const cells = [...this.#rows.values()].map((row) =>
      [row.what, row.count, row.doubleExecutions, row.lostCommits, row.stuckBranches].map(String),
    );
    const widths = head.map((name, column) => Math.max(name.length, ...cells.map((line) => line[column]?.length ?? 0)));
    const line = (texts: readonly string[]): string =>
      texts.map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ');
    const rule = widths.map((width) => '-'.repeat(width)).join('-|-');
    return `\n${[`faults: ${title}`, line(head), rule, ...cells.map(line)].join('\n')}\n`;
  }
}

/** A table of a test file, printed when the file ends. A test fails where a figure of it is not zero. */
export function faultTable(title: string): FaultTable {
  const table = new FaultTable();
  afterAll(() => {
    process.stdout.write(table.render(title));
  });
  return table;
}

/** Everything that a judgement complains of, to be compared with an empty list. */
export const complaintsOf = (judgement: Judgement): string[] => [
  ...judgement.doubleExecutions.map((text) => `double execution: ${text}`),
  ...judgement.lostCommits.map((text) => `lost commit: ${text}`),
  ...judgement.stuckBranches.map((text) => `stuck branch: ${text}`),
  ...judgement.leftBehind.map((text) => `left behind: ${text}`),
];

export const expectSound = (judgement: Judgement): void => expect(complaintsOf(judgement)).toEqual([]);
