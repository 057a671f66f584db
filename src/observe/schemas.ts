import * as z from 'zod/mini';
import { packManifest } from '../packs/manifest.js';

const oid = z.string().check(z.regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/));
const seconds = z.int();

/** One branch in `aynig status --json`. Fields are added, never renamed, under one version. */
export const branchStatus = z.object({
  branch: z.string(),
  head: oid,
  title: z.string(),
  current: z.boolean(),
  reading: z.enum(['idle', 'ready', 'waiting', 'untrusted', 'remote', 'leased', 'undelivered', 'expired', 'invalid', 'unreadable']),
  state: z.nullable(z.string()),
  detail: z.nullable(z.string()),
  runId: z.nullable(z.string()),
  runnerId: z.nullable(z.string()),
  lease: z.object({ status: z.enum(['active', 'expired', 'endless', 'n/a']), secondsLeft: z.nullable(seconds) }),
  command: z.object({ status: z.enum(['exists', 'missing', 'untrusted', 'unusable', 'n/a']), path: z.nullable(z.string()) }),
  lastFailure: z.nullable(z.object({ code: z.string(), why: z.string(), hint: z.string(), at: z.nullable(seconds) })),
  /** Committer date of the tip, seconds since the epoch; null where it cannot be read. */
  at: z.nullable(seconds),
  /** Of a lease what is being worked on, of a stalled run what it was asked for. */
  originState: z.nullable(z.string()),
  /** The title of the request that a lease was put on. */
  request: z.nullable(z.string()),
  /** `aynig-attempt`, of a lease that of its request. */
  attempt: z.nullable(z.int()),
  correlationId: z.nullable(z.string()),
  /** Whether it stays as it is until a person acts. */
  needsPerson: z.boolean(),
});
export type BranchStatus = z.infer<typeof branchStatus>;

export const statusReport = z.object({
  schema: z.literal('aynig.status/1'),
  /** The remote whose branches these are; null: those of this repository. */
  remote: z.nullable(z.string()),
  runnerFailure: z.nullable(z.object({ code: z.string(), why: z.string(), hint: z.string(), at: z.nullable(seconds) })),
  branches: z.array(branchStatus),
});
export type StatusReport = z.infer<typeof statusReport>;

/** One state commit in `aynig events --json`; null is what neither the commit nor its history says. */
export const stateEvent = z.object({
  /** With `--merged` also the revision `<merge>^2`, for a line that has no branch of its own any more. */
  branch: z.string(),
  commit: oid,
  /** Committer date, seconds since the epoch. */
  at: seconds,
  /** `completion` and `stall` end a run; a `renewal` is a further lease of the same run. */
  kind: z.enum(['request', 'lease', 'renewal', 'completion', 'stall', 'invalid']),
  severity: z.enum(['info', 'warning', 'error']),
  state: z.nullable(z.string()),
  /** The state before it on its branch. */
  previousState: z.nullable(z.string()),
  title: z.string(),
  author: z.string(),
  /** The run that made or ended it. */
  runId: z.nullable(z.string()),
  runnerId: z.nullable(z.string()),
  originState: z.nullable(z.string()),
  attempt: z.nullable(z.int()),
  /** For what ended a run: the seconds since its lease. */
  runSeconds: z.nullable(seconds),
  correlationId: z.nullable(z.string()),
  parentRun: z.nullable(z.string()),
  exitCode: z.nullable(seconds),
  signal: z.nullable(z.string()),
  problems: z.array(z.string()),
  trailers: z.array(z.object({ key: z.string(), value: z.string() })),
  /** Too many events waited for its history: what only that could say is null. */
  partial: z.boolean(),
});
export type StateEvent = z.infer<typeof stateEvent>;

export const eventsReport = z.object({ schema: z.literal('aynig.events/1'), events: z.array(stateEvent) });
/** One line of `aynig events --jsonl`. */
export const eventLine = z.extend(stateEvent, { schema: z.literal('aynig.event/1') });

const spent = { running: seconds, waiting: seconds, retrying: seconds };
export const graphReport = z.object({
  schema: z.literal('aynig.graph/1'),
  runs: z.array(
    z.object({
      /** The commit of the lease: a run id may be in two histories. */
      id: oid,
      runId: z.string(),
      runnerId: z.nullable(z.string()),
      branch: z.string(),
      state: z.string(),
      attempt: z.int(),
      correlationId: z.nullable(z.string()),
      parentRun: z.nullable(z.string()),
      request: z.nullable(z.object({ commit: oid, at: seconds, title: z.string() })),
      lease: z.object({ commit: oid, at: seconds }),
      renewals: z.int(),
      end: z.nullable(
        z.object({
          commit: oid,
          at: seconds,
          state: z.nullable(z.string()),
          exitCode: z.nullable(z.int()),
          signal: z.nullable(z.string()),
          title: z.string(),
        }),
      ),
      /** The commit that stands on the lease of a run that is `lost`. */
      buriedBy: z.nullable(z.object({ commit: oid, at: seconds })),
      /** `lost`: its branch went on from the lease, and nothing ended it. */
      outcome: z.enum(['completed', 'stalled', 'running', 'lost']),
      waitedSeconds: z.nullable(seconds),
      ranSeconds: z.nullable(seconds),
    }),
  ),
  /** `from` and `to` are ids of runs. */
  edges: z.array(z.object({ from: oid, to: oid, kind: z.enum(['next', 'later', 'fan-out', 'join']) })),
  criticalPath: z.nullable(z.object({ runs: z.array(oid), seconds, spent: z.object({ ...spent, idle: seconds }) })),
  /** Of all runs, each counted whole. */
  spent: z.object(spent),
});
export type GraphReport = z.infer<typeof graphReport>;

export const runReport = z.object({
  schema: z.literal('aynig.run/1'),
  branches: z.array(
    z.object({
      branch: z.string(),
      outcomes: z.array(
        z.object({
          kind: z.enum(['nothing', 'advanced', 'stalled', 'taken-over', 'delivered', 'undelivered', 'busy', 'lost-race', 'lost-branch']),
          state: z.optional(z.string()),
          commit: z.optional(oid),
          reading: z.optional(z.string()),
          operation: z.optional(z.string()),
        }),
      ),
      failure: z.nullable(z.object({ code: z.string(), why: z.string(), hint: z.string() })),
    }),
  ),
  counts: z.object({ advanced: z.int(), stalled: z.int(), undelivered: z.int(), failed: z.int() }),
});
export type RunReport = z.infer<typeof runReport>;

export const logsReport = z.object({ schema: z.literal('aynig.logs/1'), commit: oid, path: z.string(), bytes: z.int() });
export const versionReport = z.object({ schema: z.literal('aynig.version/1'), aynig: z.string(), node: z.string(), git: z.string() });

const allowedContent = { command: z.string(), roles: z.string(), at: seconds };
export const allowReport = z.object({
  schema: z.literal('aynig.allow/1'),
  allowed: z.array(z.object({ ...allowedContent, by: z.enum(['allow', 'commit', 'init']), commit: oid })),
  distrusted: z.array(z.object({ ...allowedContent, runId: z.string() })),
  remotes: z.array(z.object({ name: z.string(), url: z.string(), at: seconds })),
  changedDuringRuns: z.array(z.object({ runId: z.string(), branch: z.string(), state: z.string(), at: seconds })),
  /** Path of a record that cannot be read; nothing is allowed then. */
  broken: z.nullable(z.string()),
});

export const doctorReport = z.object({
  schema: z.literal('aynig.doctor/1'),
  findings: z.array(
    z.object({
      id: z.string(),
      severity: z.enum(['error', 'warning', 'info']),
      group: z.string(),
      sentence: z.string(),
      /** The command that mends it. */
      fix: z.string(),
      /** What `--fix` did: `none` where it was not asked to, or must not. */
      mended: z.enum(['none', 'done', 'failed']),
    }),
  ),
  settings: z.array(z.object({ name: z.string(), value: z.nullable(z.string()), scope: z.string(), file: z.string() })),
  hooks: z.array(z.object({ worktrees: z.array(z.string()), folder: z.nullable(z.string()), live: z.array(z.string()) })),
  checked: z.object({ worktrees: z.int(), commands: z.int(), settings: z.int(), git: z.string(), node: z.string() }),
  counts: z.object({ errors: z.int(), warnings: z.int(), infos: z.int(), mended: z.int() }),
});
export type DoctorReport = z.infer<typeof doctorReport>;

const installedPack = z.object({
  name: z.string(),
  version: z.nullable(z.string()),
  source: z.string(),
  /** Null: what HEAD names there. */
  ref: z.nullable(z.string()),
  subfolder: z.string(),
  commit: oid,
  fromDwp: z.boolean(),
  uses: z.array(z.string()),
  /** Files that are not as the pack brought them. */
  files: z.array(z.object({ path: z.string(), state: z.enum(['changed', 'missing', 'left']) })),
  /** Null where there is none, or nobody was asked. */
  newer: z.nullable(oid),
  /** Why it is not known whether there is a newer one. */
  problem: z.nullable(z.string()),
});
export type InstalledPack = z.infer<typeof installedPack>;
export const packsReport = z.object({ schema: z.literal('aynig.packs/1'), packs: z.array(installedPack) });

export const verifyReport = z.object({
  schema: z.literal('aynig.verify/1'),
  findings: z.array(
    z.object({
      id: z.string(),
      severity: z.enum(['error', 'warning']),
      commit: oid,
      /** A branch, or the name that the walk was begun from. */
      branch: z.string(),
      sentence: z.string(),
      runId: z.nullable(z.string()),
    }),
  ),
  counts: z.object({
    commits: z.int(),
    runs: z.int(),
    errors: z.int(),
    warnings: z.int(),
    /** Results that do not say which run made them: nobody can tell whether it was the holder. */
    unattributed: z.int(),
  }),
});

export const explainReport = z.object({
  schema: z.literal('aynig.explain/1'),
  /** One word may be two things: a code of an error and a finding of doctor. */
  entries: z.array(
    z.object({
      word: z.string(),
      kind: z.enum(['error', 'reading', 'lease', 'command', 'state', 'event', 'severity', 'doctor', 'verify']),
      /** Of a finding. */
      severity: z.nullable(z.enum(['error', 'warning', 'info'])),
      meaning: z.string(),
      causes: z.array(z.string()),
      next: z.array(z.string()),
      /** Where the commands of a state are. */
      paths: z.array(z.string()),
      /** The row of a state in COMMANDS.md. */
      row: z.array(z.object({ column: z.string(), text: z.string() })),
    }),
  ),
});

/** Every verb that has `--json`, and what it prints; `pack` is the `pack.json` of a pack. */
export const schemas = {
  status: statusReport,
  events: eventsReport,
  event: eventLine,
  graph: graphReport,
  run: runReport,
  logs: logsReport,
  doctor: doctorReport,
  version: versionReport,
  allow: allowReport,
  packs: packsReport,
  explain: explainReport,
  verify: verifyReport,
  pack: packManifest,
} as const;
export type SchemaName = keyof typeof schemas;

/** JSON Schema (draft 2020-12) of what `aynig <verb> --json` prints, or of `pack.json`. */
export const jsonSchema = (verb: SchemaName): unknown => z.toJSONSchema(schemas[verb]);
