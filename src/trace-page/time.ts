/** The last moment that a Date can be, in milliseconds: a commit may claim any. */
const lastMoment = 8.64e15;

const dateOf = (seconds: number): Date => new Date(Math.max(-lastMoment, Math.min(lastMoment, seconds * 1000)));

/** `2026-01-31 14:05:09`, in UTC as `aynig events` prints it. */
export const utc = (seconds: number): string =>
  dateOf(seconds)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');

/** The reader's own time. */
export const local = (seconds: number): string => dateOf(seconds).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });

const units: readonly [seconds: number, name: string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
];

/** Two units at most: `45 s`, `3 min 20 s`, `2 d 5 h`. */
export function duration(seconds: number): string {
  for (const [at, [size, name]] of units.entries()) {
    if (seconds < size) continue;
    const whole = Math.floor(seconds / size);
    const [smaller, smallerName] = units[at + 1] ?? [1, 's'];
    const rest = Math.floor((seconds - whole * size) / smaller);
    return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${smallerName}`;
  }
  return `${Math.round(seconds)} s`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

/** A mark on the axis, as exact as marks that lie `step` milliseconds apart need. */
export function tickWords(at: Date, step: number): string {
  if (step >= 300 * 86_400_000) return String(at.getUTCFullYear());
  if (step >= 27 * 86_400_000) return `${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
  if (step >= 86_400_000) return `${at.getUTCDate()} ${months[at.getUTCMonth()]}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  if (step >= 60_000) return time;
  if (step >= 1_000) return `${time}:${two(at.getUTCSeconds())}`;
  return `${time}:${two(at.getUTCSeconds())}.${String(at.getUTCMilliseconds()).padStart(3, '0')}`;
}

/** The day of a mark, for the first of each day. */
export const dayWords = (at: Date): string => `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
