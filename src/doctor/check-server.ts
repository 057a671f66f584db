import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serverHookNames, serverHookText } from '../install/server-hooks.js';
import type { Facts } from './facts.js';
import { type Finding, type Mend, quoted } from './finding.js';
import { canExecute } from './hook-files.js';
import type { ServerFacts, ServerHookFile } from './server.js';

/** Whether a server does what it is there for: its hooks, what they rest on, and what runs have left. */
export function checkServer(facts: Facts): Finding[] {
  const { server } = facts;
  if (server === undefined) return [];
  return [
    ...checkReach(facts, server),
    ...server.files.flatMap((file) => checkFile(facts, file)),
    ...checkGit(facts, server),
    ...checkOwner(facts, server),
    ...checkFolders(facts, server),
  ];
}

const initCommand = ({ repository }: Facts): string => `aynig init --bare ${quoted(repository.commonDir)}`;
const inRepository = ({ repository }: Facts): string => `git --git-dir=${quoted(repository.commonDir)}`;

function checkReach(facts: Facts, { reached }: ServerFacts): Finding[] {
  const fix = initCommand(facts);
  if (reached.length === 0)
    return [{ id: 'hooks-not-installed', sentence: 'No hook of AYNIG is installed here, so a push starts nothing.', fix }];
  return serverHookNames
    .filter((name) => !reached.includes(name))
    .map((name): Finding => ({ id: 'hook-missing', sentence: `No ${name} hook of ours is reached by a push.`, fix }));
}

function checkFile(facts: Facts, file: ServerHookFile): Finding[] {
  const { name, path, text, executable, recorded } = file;
  const node = recorded !== undefined && canExecute(recorded.node) ? recorded.node : facts.node.here;
  const mend: Mend = { kind: 'write-hook', path, was: text, text: serverHookText(name, facts.source.root, node) };
  const fix = initCommand(facts);
  const findings: Finding[] = executable
    ? []
    : [
        {
          id: 'hook-not-executable',
          sentence: `${path} is not executable, so git passes over it.`,
          fix: `chmod +x ${quoted(path)}`,
          mend: { kind: 'make-executable', path },
        },
      ];
  if (text.includes('\r'))
    return [
      ...findings,
      { id: 'hook-line-endings', sentence: `${path} has Windows line endings.`, fix: `sed -i 's/\\r$//' ${quoted(path)}`, mend },
    ];
  if (recorded !== undefined && !existsSync(join(recorded.root, 'dist/fence.cjs')))
    return [...findings, { id: 'hook-package-gone', sentence: `${path} calls AYNIG at ${recorded.root}, which is gone.`, fix, mend }];
  if (recorded !== undefined && !canExecute(recorded.node)) {
    const other = facts.node.onBarePath;
    const gone = `${path} was installed with ${recorded.node}, which is gone`;
    return [
      ...findings,
      other === undefined
        ? { id: 'node-unreachable', sentence: `${gone}, and a push from elsewhere finds no other Node.`, fix, mend }
        : { id: 'hook-node-gone', sentence: `${gone}; ${other} or the one on PATH is used.`, fix, mend },
    ];
  }
  // Another installation that is still there writes its hooks in its own way.
  if (recorded !== undefined && recorded.root !== facts.source.root) return findings;
  if (recorded !== undefined && text === serverHookText(name, recorded.root, recorded.node)) return findings;
  return [...findings, { id: 'hook-outdated', sentence: `${path} is not as this version writes it.`, fix, mend }];
}

function checkGit(facts: Facts, { settings, identity, orphans }: ServerFacts): Finding[] {
  return [
    ...settings.map(
      ([key, value]): Finding => ({
        id: 'server-setting',
        sentence: `${key} is not ${value}${key === 'core.logAllRefUpdates' ? ', so the fence has no record of when a sign of life came' : ''}.`,
        fix: `${inRepository(facts)} config ${key} ${value}`,
      }),
    ),
    ...(identity
      ? []
      : [
          {
            id: 'no-identity',
            sentence: 'A command that commits here has no name and no email address to do so, and fails.',
            fix: `${inRepository(facts)} config user.name aynig && ${inRepository(facts)} config user.email "aynig@$(hostname)"`,
          } as const,
        ]),
    ...orphans.map(
      ({ ref, oid }): Finding => ({
        id: 'lease-ref-orphan',
        sentence: `${ref} is left of a run that holds no branch.`,
        fix: `${inRepository(facts)} update-ref -d ${ref} ${oid}`,
      }),
    ),
  ];
}

function checkOwner({ repository }: Facts, { foreign }: ServerFacts): Finding[] {
  const [first, ...more] = foreign;
  if (first === undefined) return [];
  const path = quoted(repository.commonDir);
  return [
    {
      id: 'owner-mixed',
      sentence: `${first}${more.length === 0 ? ' belongs' : ` and ${more.length} more belong`} to another user than the repository does.`,
      fix: `chown -R --reference=${path} ${path}`,
    },
  ];
}

/** More than this much is told, in bytes. */
const manyBytes = 1024 ** 3;

function checkFolders(facts: Facts, { commandsDir, logs }: ServerFacts): Finding[] {
  const path = commandsDir === undefined ? '' : commandsDir.path;
  return [
    ...(commandsDir?.problem === undefined
      ? []
      : [
          {
            id: 'commands-dir-unusable',
            sentence: `aynig.commandsDir, ${path}, ${commandsDir.problem}; every request is invalid.`,
            fix: existsSync(path)
              ? `${inRepository(facts)} config --unset-all aynig.commandsDir`
              : `mkdir -p ${quoted(join(path, 'command'))}`,
          } as const,
        ]),
    ...(commandsDir?.open === true
      ? [{ id: 'commands-dir-open', sentence: `Others than its owner can write to ${path}.`, fix: `chmod go-w ${quoted(path)}` } as const]
      : []),
    ...(logs.bytes > manyBytes
      ? [
          {
            id: 'logs-large',
            sentence: `The logs of commands in ${logs.path} take ${Math.floor(logs.bytes / manyBytes)} GiB.`,
            fix: `find ${quoted(logs.path)} -name '*.log' -mtime +30 -delete`,
          } as const,
        ]
      : []),
  ];
}
