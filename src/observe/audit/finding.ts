/** Every finding of `aynig verify`. Ids are stable: they are never renamed. An error breaks the contract; of a warning history alone cannot tell. */
export const auditKinds = {
  'two-states': { severity: 'error', meaning: 'A message names more than one state.' },
  'message-invalid': { severity: 'error', meaning: 'A message carries trailers of ours and breaks their rules.' },
  'lease-malformed': { severity: 'error', meaning: 'A lease lacks a trailer, or one has a value that cannot be.' },
  'lease-parents': { severity: 'error', meaning: 'A lease has no parent, or more than one.' },
  'lease-changes-files': { severity: 'error', meaning: 'A lease changes files.' },
  'lease-copied': { severity: 'warning', meaning: 'A lease stands on another commit than the one that it was made on.' },
  'lease-not-on-request': { severity: 'error', meaning: 'A lease stands on a commit that did not ask for its state.' },
  'lease-buried': { severity: 'warning', meaning: 'A branch went on from a lease, and nothing on it has ended the run.' },
  'runs-overlap': { severity: 'error', meaning: 'A run was put on top of the lease of another one that nothing had ended.' },
  'run-id-reused': { severity: 'error', meaning: 'A run id was claimed with more than once.' },
  'not-by-holder': { severity: 'error', meaning: 'A branch was moved by another run than the one that held it.' },
  'run-went-on': { severity: 'error', meaning: 'A run moved the branch after it had ended or lost its lease.' },
  'stall-of-another-run': { severity: 'error', meaning: 'A stalled commit names another run than the lease below it.' },
  'stall-changes-files': { severity: 'error', meaning: 'A commit that says that a run stalled changes files.' },
  'takeover-malformed': { severity: 'error', meaning: 'A commit that takes over does not stand on the lease that it ends.' },
  'takeover-early': { severity: 'error', meaning: 'A lease was taken over before it had expired.' },
  'takeover-within-skew': { severity: 'warning', meaning: 'A lease was taken over within the time that clocks may differ by.' },
  'unsigned-request': { severity: 'error', meaning: 'A request was run without a signature, and aynig.trust is signed.' },
  'unsigned-of-run': { severity: 'warning', meaning: 'A request without a signature was run, and says that a run made it.' },
  'dates-backwards': { severity: 'warning', meaning: 'A state commit is older than the commit below it, by more than clocks may differ.' },
  'attempts-exceeded': { severity: 'warning', meaning: 'A request has a higher aynig-attempt than its aynig-max-attempts.' },
} as const satisfies Record<string, { readonly severity: 'error' | 'warning'; readonly meaning: string }>;

export type AuditId = keyof typeof auditKinds;

/** One commit that breaks the contract. */
export interface AuditFinding {
  readonly id: AuditId;
  readonly severity: 'error' | 'warning';
  readonly commit: string;
  readonly branch: string;
  readonly sentence: string;
  /** The run that is meant. */
  readonly runId: string | null;
}
