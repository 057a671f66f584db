import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withOpsPack } from '../support/ops-pack.js';
import { shells } from '../support/shells.js';
import { withAgents } from '../support/stand-in-agents.js';

test.each(shells.map((shell) => [shell.join(' '), shell] as const))(
  'recovery, a report, a retry and a notice work under %s',
  async (_, [file = '', ...args]) => {
    const repo = withOpsPack({
      build: '[ -e "$HOME/mended" ] || exit 3\ngit commit -q --allow-empty -m ok -m "aynig-state: ops-notify"',
    });
    const path = repo.program('sh', ['-c', `command -v ${file}`]).stdout.trim();
    for (const name of readdirSync(`${repo.path}/.aynig/command`))
      if (name !== '.lib') {
        const script = repo.read(`.aynig/command/${name}`).replace(/^#!.*/, `#!${[path, ...args].join(' ')}`);
        repo.write(`.aynig/command/${name}`, script, 0o755);
      }
    repo.git('config', 'aynig.ops.backoffSeconds', '0');
    repo.git('commit', '--quiet', '--all', '-m', 'another shell');
    const ask = async (message: string, end: string): Promise<void> => {
      repo.git('commit', '--quiet', '--allow-empty', '-m', 'Ask', '-m', message);
      await repo.untilState(end);
      await repo.untilQuiet();
    };
    await ask('aynig-state: build\naynig-max-attempts: 2\naynig-next-on-failure: ops-triage', 'ops-review');
    expect(repo.git('log', '-1', '--format=%B')).toContain('Attempts: 2 of 2');
    repo.release('mended');
    await ask('aynig-state: ops-retry', 'done');
    expect(repo.states().filter((state) => state === 'build')).toHaveLength(3);
  },
);

test.each(shells.map((shell) => [shell.join(' '), shell] as const))(
  'an agent has its secrets held back under %s, also when it fails',
  (_, [file = '', ...args]) => {
    const repo = withAgents(['codex'], `echo new >added.txt; echo 1 >"$(printf '.env.a\\n')"; grep -q Second "$HOME/said-to" || exit 3`);
    const path = repo.program('sh', ['-c', `command -v ${file}`]).stdout.trim();
    repo.write('.aynig/command/agent', repo.read('.aynig/command/agent').replace(/^#!.*/, `#!${[path, ...args].join(' ')}`), 0o755);
    repo.git('commit', '--quiet', '--all', '-m', 'another shell');
    for (const [title, end] of [
      ['First', 'stalled'],
      ['Second', 'review'],
    ] as const) {
      const request = repo.ask({ title });
      expect(repo.state()).toBe(end);
      expect(repo.log(request)).toMatch(/agent: \.env\.a is not committed: .*\/aynig\/held\//);
    }
    expect(repo.git('rev-list', '--objects', '--all')).not.toContain('.env');
  },
);
