import { callLine, type HookName, hookNames } from './call.js';
import type { Step } from './steps.js';

/** The first git that runs hooks named in its configuration, beside whatever files there are. */
const firstWithConfigHooks = [2, 54] as const;

export function hasConfigHooks(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > firstWithConfigHooks[0] || (major === firstWithConfigHooks[0] && minor >= firstWithConfigHooks[1]);
}

/** Never the name of an event alone: git refuses every commit then. */
const sectionOf = (name: HookName): string => `hook.aynig-${name}`;

/** git appends `"$@"` itself. */
export const configHookSteps = (): Step[] =>
  hookNames.map((name) => ({
    kind: 'set',
    section: sectionOf(name),
    values: [
      ['command', callLine(name, '')],
      ['event', name],
    ],
  }));

export const noConfigHookSteps = (): Step[] => hookNames.map((name) => ({ kind: 'unset', section: sectionOf(name) }));

/** Which of our hooks the configuration names. */
export const configHooksIn = (config: ReadonlyMap<string, readonly string[]>): HookName[] =>
  hookNames.filter((name) => config.has(`${sectionOf(name)}.event`));
