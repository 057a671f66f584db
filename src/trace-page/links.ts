import type { TraceData } from './data.js';
import type { Link } from './paint.js';
import type { Row } from './rows.js';

/** More curves than this hide what they join. */
const most = 400;

/** From each run to the first that another branch did for it (`aynig-parent-run`), where both rows are shown. */
export function linksOf({ events, runs }: TraceData, rows: readonly Row[]): Link[] {
  const rowOf = new Map(rows.map(({ lane }, index) => [lane, index]));
  const byId = new Map(runs.map((run) => [run.runId, run]));
  const joined = new Set<string>();
  const links: Link[] = [];
  for (const { lane, parentRun, at } of events) {
    if (parentRun === null || joined.has(`${lane} ${parentRun}`)) continue;
    joined.add(`${lane} ${parentRun}`);
    const parent = byId.get(parentRun);
    const from = parent === undefined ? undefined : events[parent.end ?? parent.lease];
    const [fromRow, toRow] = [from === undefined ? undefined : rowOf.get(from.lane), rowOf.get(lane)];
    if (from === undefined || fromRow === undefined || toRow === undefined || fromRow === toRow) continue;
    links.push({ fromRow, fromAt: Math.min(from.at, at), toRow, toAt: at });
    if (links.length >= most) return [];
  }
  return links;
}
