import { diagnose } from '../doctor/diagnose.js';
import { readFacts } from '../doctor/facts.js';
import { hookSource } from '../doctor/hook-files.js';
import { mendAll } from '../doctor/mend.js';
import { doctorLines, doctorReportOf } from '../doctor/report.js';
import { openRepository } from '../git/repository.js';
import { jsonText } from '../printable.js';
import { bareRepository } from './bare-repository.js';
import type { Io } from './io.js';

export interface DoctorFlags {
  readonly cwd: string;
  /** A bare repository that is meant to be a server. */
  readonly bare?: string | undefined;
  readonly fix: boolean;
  readonly json: boolean;
}

/** `aynig doctor`: what a person cannot see. Writes nothing without `--fix`. Exits with 1 while there is a warning or an error. */
export async function doctor(flags: DoctorFlags, io: Io): Promise<number> {
  const { bare } = flags;
  const repository = bare === undefined ? await openRepository(flags.cwd) : await bareRepository(flags.cwd, bare);
  const facts = await readFacts(repository, hookSource(), { asServer: bare !== undefined });
  const findings = diagnose(facts);
  const results = flags.fix ? await mendAll(facts, findings) : findings.map((finding) => ({ finding, mended: 'none' as const }));
  const report = doctorReportOf(facts, results);
  await io.write(flags.json ? `${jsonText(report)}\n` : `${doctorLines(report).join('\n')}\n`);
  return report.counts.errors + report.counts.warnings > 0 ? 1 : 0;
}
