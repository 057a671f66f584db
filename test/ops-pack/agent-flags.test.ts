import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bareEnvironment, projectRoot, temporaryDirectory } from '../support/scratch.js';
import { type Agent, agents, flagsOf } from '../support/stand-in-agents.js';
import { skipBecause } from '../support/workspace.js';

// Installed by .ci/run alone, with: npm ci --prefix test/agents --ignore-scripts
const installed = join(projectRoot, 'test/agents/node_modules');
const platform = `${process.platform}-${process.arch}`;

/** The program of each that comes from the npm registry, and what its adapter calls. aider is a Python program. */
const programs: Readonly<Partial<Record<Agent, { file: string; subcommand?: string }>>> = {
  claude: { file: join(installed, `@anthropic-ai/claude-code-${platform}/claude`) },
  codex: { file: join(installed, '.bin/codex'), subcommand: 'exec' },
  opencode: { file: join(installed, `opencode-${platform}/bin/opencode`), subcommand: 'run' },
  gemini: { file: join(installed, '.bin/gemini') },
};
const checked = Object.keys(programs) as (keyof typeof programs & Agent)[];

const adapter = (agent: Agent): string =>
  readFileSync(join(projectRoot, `ops-workflow-pack/command/.lib/agents/${agent}.sh`), 'utf8')
    .replaceAll(/^\s*#.*$/gm, '')
    .replaceAll('\\\n', ' ');

/** What an adapter hands to its agent, word by word: the lines `set -- …` say it, and nothing else does. */
const words = (agent: Agent): string[] => [...adapter(agent).matchAll(/set -- (.*)$/gm)].flatMap(([, text = '']) => text.split(/\s+/));
const flagsIn = (agent: Agent): string[] => words(agent).filter((word) => /^--?[a-z]/.test(word));

/** The values that a flag of an adapter is given, where the help lists those that there are. */
const valuesIn: Readonly<Partial<Record<Agent, readonly string[]>>> = {
  claude: ['"acceptEdits"', '"stream-json"', '(user, project, local)'],
  codex: ['workspace-write', 'never', 'instructions are read from stdin'],
  gemini: ['"auto_edit"', '"text"', 'Appended to input on stdin'],
};

function helpOf(agent: keyof typeof programs & Agent): string {
  const { file, subcommand } = programs[agent] ?? { file: '' };
  const home = temporaryDirectory();
  const { status, stdout, stderr } = spawnSync(file, [...(subcommand === undefined ? [] : [subcommand]), '--help'], {
    env: { ...bareEnvironment(home), CI: '1' },
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
    encoding: 'utf8',
  });
  expect(`${status} ${stderr}`).toMatch(/^0 /);
  // Lines are folded where the terminal would end.
  return `${stdout}\n${stderr}`.replaceAll(/\s+/g, ' ');
}
const has = (help: string, flag: string): boolean => new RegExp(`(?:^|[\\s,])${flag}(?=[\\s,=<[]|$)`).test(help);

test('every adapter names its flags on lines that this test reads', () => {
  expect(agents.map((agent) => `${agent} ${flagsIn(agent).length}`)).toEqual(['claude 8', 'codex 5', 'opencode 1', 'gemini 5', 'aider 17']);
});

test('no adapter takes the brakes off by itself', () => {
  for (const agent of agents)
    expect(words(agent).join(' ')).not.toMatch(/danger|yolo|bypass|skip|full-access|--auto(?:\s|$)|--trust|allow-all/i);
});

test('a stand-in takes every flag of its adapter', () => {
  for (const agent of agents) expect(flagsOf(agent)).toEqual(expect.arrayContaining(flagsIn(agent)));
});

for (const agent of checked)
  test(`every flag that the adapter and the stand-in of ${agent} use is in its real --help`, (context) => {
    if (!existsSync(programs[agent]?.file ?? '')) return skipBecause(`the flags of ${agent}: it is not in test/agents`, context);
    const help = helpOf(agent);
    for (const flag of [...flagsIn(agent), ...flagsOf(agent)]) expect(has(help, flag), `${agent} ${flag}`).toBe(true);
    for (const value of valuesIn[agent] ?? []) expect(help, `${agent} ${value}`).toContain(value);
    expect(has(help, '--no-such-flag')).toBe(false);
  });

test('the environment that takes rights from opencode is one that it reads', (context) => {
  const { file = '' } = programs.opencode ?? {};
  if (!existsSync(file)) return skipBecause('the environment of opencode: it is not in test/agents', context);
  const program = readFileSync(file);
  const read = [...adapter('opencode').matchAll(/OPENCODE_[A-Z_]+/g)].map(([name]) => name);
  expect(new Set(read).size).toBe(2);
  for (const name of read) expect(program.includes(name), name).toBe(true);
});
