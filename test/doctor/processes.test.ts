import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { lookAtProcesses } from '../../src/doctor/processes.js';
import { temporaryDirectory } from '../support/scratch.js';

/** A folder as the system shows its processes (proc(5)): what a name holds, or where it points to with `-> `. */
function processes(...shown: Readonly<Record<string, string>>[]): string {
  const proc = temporaryDirectory();
  mkdirSync(join(proc, '1/fd'), { recursive: true });
  for (const [index, files] of shown.entries()) {
    const folder = join(proc, `${index + 2}`);
    mkdirSync(join(folder, 'fd'), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      if (text.startsWith('-> ')) symlinkSync(text.slice(3), join(folder, name));
      else writeFileSync(join(folder, name), text);
    }
  }
  return proc;
}

const git = { comm: 'git\n', stat: '2 (git) S 1 2 2', cmdline: 'git\0gc\0', environ: 'PATH=/bin\0' };

describe.runIf(process.platform === 'linux')('a look at the processes', () => {
  it('shows what they have open', () => {
    expect(lookAtProcesses([], processes({ comm: 'sh\n', 'fd/3': '-> /r/index.lock' })).openFiles).toEqual(new Set(['/r/index.lock']));
  });

  it.each([
    ['in the repository', { ...git, cwd: '-> /r/sub' }, 'here'],
    ['that was told of it', { ...git, cwd: '-> /', cmdline: 'git\0-C\0/r\0gc\0' }, 'here'],
    ['that its environment tells of it', { ...git, cwd: '-> /', environ: 'GIT_DIR=/r\0' }, 'here'],
    ['elsewhere', { ...git, cwd: '-> /rr' }, 'no'],
    ['of its own', { ...git, stat: `2 (git) S ${process.pid} 2 2`, cwd: '-> /r' }, 'no'],
    ['that waits to be reaped', { ...git, stat: '2 (git) Z 1 2 2', cwd: '-> /r' }, 'no'],
    ['that is ending and has given up its directory', { ...git, stat: '2 (git) R 1 2 2' }, 'no'],
    ['that is something else', { ...git, comm: 'gitk\n', cwd: '-> /r' }, 'no'],
  ] as const)('finds a git %s', (_, shown, atWork) => {
    expect(lookAtProcesses(['/r'], processes(shown)).gitAtWork).toBe(atWork);
  });

  it('says nothing where it may see only its own', () => {
    const proc = temporaryDirectory();
    mkdirSync(join(proc, '7/fd'), { recursive: true });
    expect(lookAtProcesses([], proc).openFiles).toBeUndefined();
  });

  it('takes a process that has ended, and that nobody has waited for, to hold nothing', async () => {
    const asRoot = process.getuid?.() === 0;
    const user = asRoot ? 65_534 : (process.getuid?.() ?? 0);
    const hidden = (): boolean => {
      if (asRoot) process.seteuid?.(user);
      try {
        return lookAtProcesses([]).hiddenUsers.has(user);
      } finally {
        if (asRoot) process.seteuid?.(0);
      }
    };
    const before = hidden();
    const parent = spawn('sh', ['-c', 'true & exec sleep 600'], { cwd: '/', stdio: 'ignore', ...(asRoot ? { uid: user } : {}) });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const children = `/proc/${parent.pid}/task/${parent.pid}/children`;
    await vi.waitFor(
      () => {
        expect(readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n');
        expect(readFileSync(`/proc/${readFileSync(children, 'utf8').trim()}/stat`, 'utf8')).toContain(' Z ');
      },
      { timeout: 20_000, interval: 20 },
    );
    expect(hidden()).toBe(before);
  });
});
