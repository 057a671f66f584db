/** One line of the table. Times in milliseconds. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly baseline: string;
  readonly ratio: string;
  readonly limit: string;
  readonly holds: boolean;
}
export const rows: Row[] = [];

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
export const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** Prints the table. */
export function print(): void {
  const header: Row = { what: 'what', measured: 'measured', baseline: 'baseline', ratio: 'ratio', limit: 'limit', holds: true };
  const cells = [header, ...rows].map((row) => [
    row.what,
    row.measured,
    row.baseline,
    row.ratio,
    row.limit,
    row === header ? '' : row.limit === '' ? '-' : row.holds ? 'holds' : 'OVER',
  ]);
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of cells)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}
