/** One family of metrics. */
export type Family =
  | { readonly type: 'gauge'; readonly name: string; readonly unit?: 'seconds'; readonly help: string; readonly samples: readonly Sample[] }
  | {
      readonly type: 'histogram';
      readonly name: string;
      readonly unit: 'seconds';
      readonly help: string;
      readonly series: readonly Series[];
    };

type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** One histogram. */
export interface Series {
  readonly labels: Labels;
  readonly histogram: Histogram;
}

/** How many values are at most so large, for each of some bounds. */
export class Histogram {
  readonly bounds: readonly number[];
  readonly #counts: number[];
  count = 0;
  sum = 0;

  /** `bounds`: ascending, without the last one, which is infinite. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  add(value: number): void {
    this.count++;
    this.sum += value;
    const index = this.bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  merge(other: Histogram): void {
    this.count += other.count;
    this.sum += other.sum;
    other.#counts.forEach((count, index) => {
      this.#counts[index] = (this.#counts[index] ?? 0) + count;
    });
  }

  /** Each bound with the number of values up to it. */
  cumulative(): { readonly bound: number; readonly count: number }[] {
    let total = 0;
    return this.bounds.map((bound, index) => {
      total += this.#counts[index] ?? 0;
      return { bound, count: total };
    });
  }
}

/**
 * The text of metrics, valid as OpenMetrics 1.0 and as the text format 0.0.4 of Prometheus, which the textfile collector of
 * node_exporter reads: to that one `# UNIT` and `# EOF` are comments. No counters, whose names differ between the two.
 */
export function* expositionLines(families: readonly Family[]): Generator<string> {
  for (const family of families) {
    const { name, type, unit, help } = family;
    yield `# TYPE ${name} ${type}`;
    if (unit !== undefined) yield `# UNIT ${name} ${unit}`;
    yield `# HELP ${name} ${help}`;
    if (family.type === 'gauge') for (const { labels, value } of family.samples) yield `${name}${labelled(labels)} ${value}`;
    else
      for (const { labels, histogram } of family.series) {
        for (const { bound, count } of histogram.cumulative())
          yield `${name}_bucket${labelled({ ...labels, le: canonical(bound) })} ${count}`;
        yield `${name}_bucket${labelled({ ...labels, le: '+Inf' })} ${histogram.count}`;
        yield `${name}_sum${labelled(labels)} ${histogram.sum}`;
        yield `${name}_count${labelled(labels)} ${histogram.count}`;
      }
  }
  yield '# EOF';
}

/** OpenMetrics writes bounds as floating point numbers, so that the same one always reads the same. */
const canonical = (bound: number): string => (Number.isInteger(bound) ? `${bound}.0` : String(bound));

function labelled(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
