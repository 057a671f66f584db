/** One family as a reader of the text gets it. */
export interface ReadFamily {
  readonly name: string;
  readonly type: string;
  readonly samples: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

type Labels = Readonly<Record<string, string>>;

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const suffixes: Readonly<Record<string, readonly string[]>> = { gauge: [''], histogram: ['_bucket', '_sum', '_count'] };
const number = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/;

/**
 * Reads a text by the rules of OpenMetrics 1.0, as far as gauges and histograms go, and throws an Error for what breaks one. What
 * it takes is also valid as the text format 0.0.4 of Prometheus: it allows no types, names and escapes that only one of them has.
 */
export function readOpenMetrics(text: string): ReadFamily[] {
  const fail: (line: number, why: string) => never = (line, why) => {
    throw new Error(`line ${line}: ${why}`);
  };
  if (!text.endsWith('\n# EOF\n')) throw new Error('the text does not end with # EOF and one newline');
  const families: { name: string; type: string; described: Set<string>; samples: ReadFamily['samples'][number][] }[] = [];
  const lines = text.slice(0, -'# EOF\n'.length - 1).split('\n');
  for (const [index, line] of lines.entries()) {
    const at = index + 1;
    const comment = /^# (TYPE|UNIT|HELP) (\S+) (.+)$/.exec(line);
    const current = families.at(-1);
    if (comment !== null) {
      const [, word = '', name = '', rest = ''] = comment;
      if (!metricName.test(name)) fail(at, `${name} is no name`);
      if (word === 'TYPE') {
        if (suffixes[rest] === undefined) fail(at, `${rest} is not a type of both formats that is used here`);
        if (families.some((family) => family.name === name)) fail(at, `${name} stands twice, or its lines are not together`);
        families.push({ name, type: rest, described: new Set(['TYPE']), samples: [] });
        continue;
      }
      if (current === undefined || current.name !== name) fail(at, `${word} of ${name} without a TYPE before it`);
      if (current.described.has(word)) fail(at, `${word} stands twice`);
      if (current.samples.length > 0) fail(at, `${word} stands behind samples`);
      if (word === 'UNIT' && !name.endsWith(`_${rest}`)) fail(at, `${name} does not end in its unit`);
      if (word === 'HELP' && !/^(?:[^\\"]|\\[\\n"])*$/.test(rest)) fail(at, 'a quotation mark or a backslash is not escaped');
      current.described.add(word);
      continue;
    }
    const sample = /^([^\s{]+)(\{.*\})? (\S+)$/.exec(line);
    if (sample === null || current === undefined) fail(at, `${JSON.stringify(line)} is neither a comment nor a sample of a family`);
    const [, name = '', braces, value = ''] = sample;
    if (!(suffixes[current.type] ?? []).some((suffix) => name === `${current.name}${suffix}`))
      fail(at, `${name} is no sample of ${current.name}`);
    if (!number.test(value)) fail(at, `${value} is no number`);
    const labels = labelsOf(braces ?? '', (why) => fail(at, why));
    if (current.samples.some((other) => other.name === name && sameLabels(other.labels, labels))) fail(at, 'the same sample stands twice');
    current.samples.push({ name, labels, value: Number(value.replace('Inf', 'Infinity')) });
  }
  for (const family of families) if (family.type === 'histogram') checkHistogram(family);
  return families;
}

function labelsOf(braces: string, fail: (why: string) => never): Labels {
  const labels: Record<string, string> = {};
  let rest = braces.slice(1, -1);
  while (rest !== '') {
    const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,(?=[a-zA-Z_])|$)/.exec(rest);
    if (pair === null) return fail(`${rest} is no list of labels`);
    const [all, name = '', value = ''] = pair;
    if (labels[name] !== undefined) fail(`the label ${name} stands twice`);
    labels[name] = value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    rest = rest.slice(all.length);
  }
  return labels;
}

const without = (labels: Labels, name: string): Labels => Object.fromEntries(Object.entries(labels).filter(([key]) => key !== name));
const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels).sort());
const sameLabels = (one: Labels, other: Labels): boolean => keyOf(one) === keyOf(other);

function checkHistogram({ name, samples }: Pick<ReadFamily, 'name' | 'samples'>): void {
  const groups = new Map<string, ReadFamily['samples']>();
  let last = '';
  for (const sample of samples) {
    const key = keyOf(without(sample.labels, 'le'));
    if (groups.has(key) && key !== last) throw new Error(`${name}: the samples of ${key} are not together`);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
    last = key;
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => labels['le'] ?? '');
    const one = (suffix: string): number | undefined => group.find((sample) => sample.name === `${name}${suffix}`)?.value;
    if (bounds.some((bound) => !/^(?:\d+\.\d+|\+Inf)$/.test(bound)))
      throw new Error(`${name}: a bound of ${key} is not written as it has to be`);
    const numbers = bounds.map((bound) => Number(bound.replace('+Inf', 'Infinity')));
    if (numbers.some((bound, index) => index > 0 && bound <= (numbers[index - 1] ?? 0)))
      throw new Error(`${name}: bounds of ${key} do not ascend`);
    if (buckets.some(({ value }, index) => !Number.isInteger(value) || value < (buckets[index - 1]?.value ?? 0)))
      throw new Error(`${name}: buckets of ${key} do not add up`);
    if (bounds.at(-1) !== '+Inf') throw new Error(`${name}: ${key} has no last bucket`);
    if (one('_count') !== buckets.at(-1)?.value) throw new Error(`${name}: the count of ${key} is not that of its last bucket`);
    if (one('_sum') === undefined || (one('_sum') ?? -1) < 0) throw new Error(`${name}: ${key} has no sum`);
  }
}
