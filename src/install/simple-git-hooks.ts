import type { Tool } from './by-hand.js';
import { callLine, callLines, type HookName } from './call.js';

const jsonNames = ['.simple-git-hooks.json', 'simple-git-hooks.json'];
const scriptNames = ['.simple-git-hooks', 'simple-git-hooks'].flatMap((stem) => ['cjs', 'js', 'mjs'].map((ending) => `${stem}.${ending}`));

export const simpleGitHooks: Tool = {
  kind: 'simple-git-hooks',
  generated: /\bSKIP_SIMPLE_GIT_HOOKS\b/,
  configNames: [...scriptNames, ...jsonNames, 'package.json'],
  owns: (name, text) => name !== 'package.json' || /"simple-git-hooks"\s*:\s*[{]/.test(text),
  // It deletes every hook that its configuration does not name.
  keepsOthers: false,
  snippet: (missing, config) => {
    const present = presentCommands(config);
    return {
      file: config?.name ?? 'package.json',
      note: 'in "simple-git-hooks", in place of an entry of the same name',
      lines: missing.map((name) => `"${name}": ${JSON.stringify(command(name, present[name]))},`),
    };
  },
  afterwards: 'npx simple-git-hooks',
};

/** Ours before theirs: theirs may end in `exec`. */
const command = (name: HookName, theirs: unknown): string =>
  typeof theirs !== 'string'
    ? callLine(name)
    : name === 'pre-push'
      ? [...callLines(name, 'exit'), theirs].join('\n')
      : `${callLine(name)} || exit; ${theirs}`;

function presentCommands(config: { readonly name: string; readonly text: string } | undefined): Record<string, unknown> {
  if (config === undefined || !config.name.endsWith('.json')) return {};
  try {
    const read = JSON.parse(config.text) as Record<string, unknown>;
    return ((config.name === 'package.json' ? read['simple-git-hooks'] : read) ?? {}) as Record<string, unknown>;
  } catch {
    // Not for us to judge: simple-git-hooks says so itself.
    return {};
  }
}
