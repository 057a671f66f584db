import { version as nodeVersion } from 'node:process';
import type { DoctorReport } from '../observe/schemas.js';
import { printable } from '../printable.js';
import { liveHooks } from './check-hooks.js';
import { settingOf } from './check-settings.js';
import type { Facts } from './facts.js';
import { findingKinds, groups } from './finding.js';
import type { Mended } from './mend.js';

/** Facts and findings as they are printed with `--json`. */
export function doctorReportOf(facts: Facts, results: readonly Mended[]): DoctorReport {
  const findings = results.map(({ finding, mended, why }) => {
    const { severity, group } = findingKinds[finding.id];
    const sentence = why === undefined ? finding.sentence : `${finding.sentence} It was not mended: ${why}`;
    return { id: finding.id, severity, group, sentence, fix: finding.fix, mended };
  });
  const left = findings.filter(({ mended }) => mended !== 'done');
  const count = (severity: string): number => left.filter((finding) => finding.severity === severity).length;
  return {
    schema: 'aynig.doctor/1',
    findings,
    settings: facts.settings.flatMap(({ key, value, scope, file }) => {
      const name = settingOf(key);
      return name === undefined ? [] : [{ name, value: value ?? null, scope, file }];
    }),
    hooks: facts.hookFolders.map((folder) => ({
      worktrees: [...folder.worktrees],
      folder: folder.path ?? null,
      live: liveHooks(folder),
    })),
    checked: {
      worktrees: facts.worktrees.length,
      commands: facts.commands.length,
      settings: facts.settings.length,
      git: facts.gitVersion,
      node: nodeVersion.slice(1),
    },
    counts: {
      errors: count('error'),
      warnings: count('warning'),
      infos: count('info'),
      mended: findings.length - left.length,
    },
  };
}

/** The same for people: findings by group, where settings come from, and a last line with counts. */
export function doctorLines(report: DoctorReport): string[] {
  const { findings, counts, checked } = report;
  const looked = `hooks in ${many(report.hooks.flatMap(({ worktrees }) => worktrees).length, 'working tree')}, ${many(checked.commands, 'command')}, ${many(checked.settings, 'setting')}, runs and locks; git ${checked.git}, Node ${checked.node}`;
  const values = report.settings.map(({ name, value, file }) => `  aynig.${name} = ${printable(value ?? '')} (${printable(file)})`);
  const settings = values.length === 0 ? [] : ['settings that are set', ...values, ''];
  if (findings.length === 0) return [...settings, `Nothing wrong: looked at ${looked}.`];
  const lines = groups.flatMap((group) => {
    const here = findings.filter((finding) => finding.group === group);
    return here.length === 0 ? [] : [group, ...here.flatMap(findingLines), ''];
  });
  const mended = counts.mended > 0 ? `, ${counts.mended} mended` : '';
  return [
    ...lines,
    ...settings,
    `${many(counts.errors, 'error')}, ${many(counts.warnings, 'warning')}, ${many(counts.infos, 'info')}${mended}.`,
  ];
}

function findingLines({ id, severity, sentence, fix, mended }: DoctorReport['findings'][number]): string[] {
  const word = mended === 'done' ? 'mended' : severity;
  return [
    `  ${word.padEnd(7)} ${printable(sentence)} [${id}]`,
    ...(mended === 'done' ? [] : [`          mend it with: ${printable(fix)}`]),
  ];
}

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
