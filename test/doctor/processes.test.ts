import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
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
    const parent = spawn('sh', ['-c', 'true & exec sleep 600'], { cwd: '/', stdio: 'ignore', ...(asRoot ? { uid: user } : {}) });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const child = await vi.waitFor(
      () => {
        expect(readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n');
        const [pid = ''] = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').split(' ');
        expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(' Z ');
        return pid;
      },
      { timeout: 60_000, interval: 20 },
    );
    // These two alone: other tests have processes of the same user, which come and go.
    const proc = processes();
    for (const pid of [String(parent.pid), child]) symlinkSync(`/proc/${pid}`, join(proc, pid));
    chmodSync(proc, 0o755);
    if (asRoot) process.seteuid?.(user);
    try {
      expect(() => readdirSync(`/proc/${child}/fd`)).toThrow('EACCES');
      expect(lookAtProcesses([], proc)).toMatchObject({ openFiles: expect.any(Set), hiddenUsers: new Set() });
    } finally {
      if (asRoot) process.seteuid?.(0);
    }
  });
});
