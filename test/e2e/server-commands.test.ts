import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Server, server } from '../support/server.js';
import { completing } from '../support/workspace.js';

const identity = 'git config user.name Server; git config user.email server@example.com';

/** A server with a folder of commands of its own; what is pushed has another command of the same name. */
function withFolder(): Server & { folder: string } {
  const made = server({ hooks: ['post-receive'], command: 'touch "$HOME/pushed-command-ran"; exit 1' });
  const folder = join(made.root, 'commands');
  put(folder, 'command/build', completing('review', identity));
  made.bare.git('config', 'aynig.commandsDir', folder);
  return { ...made, folder };
}

function put(folder: string, name: string, text: string, mode = 0o755): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
}

const push = (made: Server, branch = 'work') => made.clone.push(`${made.clone.ask('build')}:refs/heads/${branch}`);
const state = (made: Server, branch = 'work'): string => made.bare.state(`refs/heads/${branch}`);

describe('aynig.commandsDir', () => {
  test('has the command of the server run, and nothing of what was pushed', async () => {
    const made = withFolder();
    // Nobody has allowed these commands, and nobody has to.
    made.clone.git('switch', '--quiet', '--create', 'evil');
    made.clone.command('build', 'touch "$HOME/pushed-command-ran"');
    push(made);
    await made.bare.untilState('review', 'refs/heads/work');
    expect(made.bare.noted('pushed-command-ran')).toBe(false);
  });

  test('leaves a state without a command there to a person, whatever was pushed', async () => {
    const made = withFolder();
    made.clone.command('deploy', 'touch "$HOME/pushed-command-ran"');
    made.clone.push(`${made.clone.ask('deploy')}:refs/heads/work`);
    await made.bare.untilStill();
    expect(state(made)).toBe('deploy');
    expect(made.bare.noted('pushed-command-ran')).toBe(false);
  });

  test('looks into the folder of the role first', async () => {
    const made = withFolder();
    put(made.folder, 'roles/tester/command/build', completing('tested', identity));
    made.bare.git('config', 'aynig.role', 'tester');
    push(made);
    await made.bare.untilState('tested', 'refs/heads/work');
  });

  test('still keeps to aynig.branches', async () => {
    const made = withFolder();
    made.bare.git('config', 'aynig.branches', 'release');
    push(made);
    await made.bare.untilStill();
    expect(state(made)).toBe('build');
  });

  test.each<[string, (made: Server & { folder: string }) => void, RegExp]>([
    ['a file without its bit', ({ folder }) => chmodSync(join(folder, 'command/build'), 0o644), /is not executable/],
    [
      'a link',
      ({ folder }) => {
        renameSync(join(folder, 'command/build'), join(folder, 'real'));
        symlinkSync(join(folder, 'real'), join(folder, 'command/build'));
      },
      /is not a regular file/,
    ],
    ['a folder that is gone', ({ bare, root }) => void bare.git('config', 'aynig.commandsDir', join(root, 'gone')), /is not there/],
    [
      'a folder inside of the repository',
      ({ bare }) => {
        put(bare.path, 'mine/command/build', completing('review', identity));
        bare.git('config', 'aynig.commandsDir', join(bare.path, 'mine'));
      },
      /belongs to the repository that is pushed to/,
    ],
  ])('starts nothing from %s, and says why', (_, spoil, why) => {
    const made = withFolder();
    spoil(made);
    made.bare.git(
      'fetch',
      '--quiet',
      made.clone.path,
      `${made.clone.git('update-ref', 'refs/heads/asked', made.clone.ask('build'))}refs/heads/asked:refs/heads/work`,
    );
    const answer = made.bare.aynig(['run'], { expected: 'any' });
    expect(answer.stderr).toMatch(why);
    expect(state(made)).toBe('build');
    expect(made.bare.ran()).toEqual([]);
  });

  test('is an absolute path', () => {
    const made = withFolder();
    made.bare.git('config', 'aynig.commandsDir', 'commands');
    expect(made.bare.aynig(['run'], { expected: 1 }).stderr).toMatch(/aynig\.commandsDir is "commands" and must be an absolute path/);
  });
});
