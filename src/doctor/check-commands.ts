import type { CommandFile } from './commands.js';
import type { Facts } from './facts.js';
import { type Finding, quoted } from './finding.js';

/** Commands that a request would find and that cannot be run. */
export const checkCommands = ({ commands }: Facts): Finding[] => commands.flatMap(checkCommand);

function checkCommand(file: CommandFile): Finding[] {
  const path = quoted(file.path);
  const committed = file.where === 'commit';
  const commit = (work: string, what: string): string =>
    committed ? `${work} && git add ${path} && git commit -m ${quoted(`${what}: ${file.path}`)}` : work;
  if (file.kind === 'symlink')
    return [
      {
        id: 'command-symlink',
        sentence: `${file.path} is a symbolic link; commands must be regular files.`,
        fix: commit(`cp --remove-destination "$(readlink -f ${path})" ${path}`, 'Make the command a file'),
      },
    ];
  const findings: Finding[] = [];
  if (file.kind === 'not-executable')
    findings.push({
      id: 'command-not-executable',
      sentence: `${file.path} is not executable.`,
      fix: committed
        ? `chmod +x ${path} && git update-index --chmod=+x ${path} && git commit -m ${quoted(`Make ${file.path} executable`)}`
        : `chmod +x ${path}`,
    });
  const firstLine = file.start.toString('latin1').split('\n', 1)[0] ?? '';
  if (firstLine.startsWith('#!') && firstLine.endsWith('\r'))
    findings.push({
      id: 'command-line-endings',
      sentence: `${file.path} has Windows line endings, so its first line names a program that does not exist.`,
      fix: commit(`sed -i 's/\\r$//' ${path}`, 'Use plain line endings'),
    });
  else if (!firstLine.startsWith('#!') && !isBinary(file.start))
    findings.push({
      id: 'command-no-shebang',
      sentence: `${file.path} does not begin with #! and a program; what runs it depends on the system.`,
      fix: commit(`sed -i '1i #!/bin/sh' ${path}`, 'Say what runs the command'),
    });
  return findings;
}

/** ELF, Mach-O and what else has a NUL in its first bytes is started as it is. */
const isBinary = (start: Buffer): boolean => start.includes(0);
