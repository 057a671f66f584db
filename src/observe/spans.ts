const units = [
  { name: 'year', short: 'y', seconds: 31_557_600, from: 2 },
  { name: 'week', short: 'w', seconds: 604_800, from: 3 },
  { name: 'day', short: 'd', seconds: 86_400, from: 2 },
  { name: 'hour', short: 'h', seconds: 3_600, from: 2 },
  { name: 'minute', short: 'm', seconds: 60, from: 2 },
  { name: 'second', short: 's', seconds: 1, from: 0 },
] as const;

/** The largest unit that says it well enough: 119 seconds are not yet 2 minutes, and 89 minutes not yet hours. */
function inUnits(seconds: number): { readonly count: number; readonly name: string; readonly short: string } {
  const whole = Math.max(0, Math.floor(seconds));
  const unit = units.find((one) => whole >= one.seconds * one.from) ?? units[5];
  return { count: Math.floor(whole / unit.seconds), name: unit.name, short: unit.short };
}

/** A span of time in a word: `45s`, `8m`, `3h`, `2d`, `5w`, `2y`. Less than nothing is nothing: clocks differ. */
export function shortSpan(seconds: number): string {
  const { count, short } = inUnits(seconds);
  return `${count}${short}`;
}

/** A span of time in words: `8 minutes`. */
export function span(seconds: number): string {
  const { count, name } = inUnits(seconds);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** A span of time to the second below two hours: `45 s`, `8 min 3 s`, `3 h 20 min`, `2 d 4 h`. */
export function exactSpan(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** A moment in UTC without saying so: `2026-11-21 15:48:28`. A committer date may be any number. */
export function timeOf(at: number): string {
  const date = new Date(at * 1000);
  if (Number.isNaN(date.getTime())) return `${at} seconds after 1970`;
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');
}

/** A moment in UTC: `2026-11-21 15:48:28 UTC`. */
export const moment = (at: number): string => (Number.isNaN(new Date(at * 1000).getTime()) ? timeOf(at) : `${timeOf(at)} UTC`);
