import type { Tool } from './by-hand.js';
import { callLine, type HookName } from './call.js';

const endings = ['yml', 'yaml', 'toml', 'json', 'jsonc'];
const stems = ['lefthook', '.lefthook', '.config/lefthook', 'lefthook-local', '.lefthook-local', '.config/lefthook-local'];

/** lefthook hands arguments to a command only where it is told to. */
const args: Readonly<Record<HookName, string>> = {
  'commit-msg': ' "{1}"',
  'post-commit': '',
  'post-merge': '',
  'post-rewrite': ' "{1}"',
  'pre-push': '',
};

export const lefthook: Tool = {
  kind: 'lefthook',
  generated: /\bcall_lefthook\b/,
  configNames: stems.flatMap((stem) => endings.map((ending) => `${stem}.${ending}`)),
  keepsOthers: true,
  snippet: (missing) => ({
    file: 'lefthook.yml',
    note: 'a hook that is there already gets the command beside its own',
    lines: missing.flatMap((name) => [
      `${name}:`,
      '  commands:',
      '    aynig:',
      `      run: ${callLine(name, args[name])}`,
      // It keeps standard input from commands that do not ask for it.
      ...(name === 'pre-push' ? ['      use_stdin: true'] : []),
    ]),
  }),
  afterwards: 'lefthook install',
};
