import type { Facts } from './facts.js';
import { type Finding, quoted } from './finding.js';

/** What silences every hook of ours. */
export function checkEnvironment({ hooksOff, settings }: Facts): Finding[] {
  const tick = settings.findLast(({ key }) => key === 'aynig.tick');
  return [
    ...(hooksOff
      ? [{ id: 'hooks-off', sentence: 'AYNIG=0 is set in this environment, so hooks do nothing.', fix: 'unset AYNIG' } as const]
      : []),
    ...(tick?.value === 'off'
      ? [
          {
            id: 'tick-off',
            sentence: `aynig.tick is off (set in ${tick.file}), so hooks start nothing.`,
            fix: `git config --file ${quoted(tick.file)} --unset-all aynig.tick`,
          } as const,
        ]
      : []),
  ];
}
