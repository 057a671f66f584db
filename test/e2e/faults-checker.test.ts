import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complaintsOf, FaultTable } from '../support/fault-table.js';
import { judgeHistory } from '../support/history-checker.js';
import { bareEnvironment, temporaryDirectory } from '../support/scratch.js';
import { Workspace } from '../support/workspace.js';

const none = '0000000000000000000000000000000000000000';

/** A bare remote whose history is written by hand, and a log as commands would have written it. */
class History {
  readonly #root = temporaryDirectory('aynig-checker-');
  readonly #repo = new Workspace(this.#root, join(this.#root, 'origin.git'), bareEnvironment(this.#root));
  readonly #tree: string;
  readonly log: string[] = [];
  readonly persons: string[] = [];

  constructor() {
    mkdirSync(this.#repo.path);
    for (const args of [
      ['init', '--quiet', '--bare', '--template=', '.'],
      ['config', 'core.logAllRefUpdates', 'always'],
      ['config', 'user.name', 'Ana Example'],
      ['config', 'user.email', 'ana@example.com'],
    ])
      this.#repo.git(...args);
    this.#tree = this.#repo.gitAnswer(['mktree']).stdout.trim();
  }

  commit(parent: string | undefined, ...trailers: readonly string[]): string {
    const paragraphs = trailers.length === 0 ? [] : ['-m', trailers.join('\n')];
    return this.#repo.git('commit-tree', ...(parent === undefined ? [] : ['-p', parent]), '-m', 'title', ...paragraphs, this.#tree);
  }

  /** Puts the branch on a commit, from wherever it is. */
  put(to: string, branch = 'x'): string {
    this.#repo.git('update-ref', '-m', 'moved', `refs/heads/${branch}`, to);
    return to;
  }

  lease(parent: string, run: string): string {
    const run4 = [`aynig-state: working`, `aynig-run-id: ${run}`, `aynig-parent: ${parent}`, 'aynig-origin-state: build'];
    return this.put(this.commit(parent, ...run4));
  }

  request(parent?: string): string {
    const made = this.put(this.commit(parent, 'aynig-state: build'));
    this.persons.push(made);
    return made;
  }

  start(run: string, request: string): void {
    this.log.push(`start ${run} x build ${request}`);
  }

  end(parent: string, run: string, state = 'review'): string {
    const made = this.put(this.commit(parent, `aynig-state: ${state}`));
    this.log.push(`made ${run} ${made}`);
    return made;
  }

  /** A commit of a command that asks for nothing. */
  plain(parent: string, run: string): void {
    this.log.push(`made ${run} ${this.put(this.commit(parent))}`);
  }

  stall(parent: string, run: string): string {
    return this.put(this.commit(parent, 'aynig-state: stalled', `aynig-stalled-run: ${run}`));
  }

  ref(name: string, to: string): void {
    this.#repo.git('update-ref', name, to);
  }

  file(name: string): void {
    writeFileSync(join(this.#repo.path, name), '');
  }

  complaints(): string[] {
    return complaintsOf(
      judgeHistory({
        remote: this.#repo.path,
        clones: [],
        log: this.log.join('\n'),
        madeByPersons: this.persons,
        runnable: new Set(['build']),
        env: this.#repo.env,
      }),
    );
  }
}

/** A request that was run as it should be: its last commit. */
function sound(history: History, run = 'r1'): string {
  const request = history.request();
  const lease = history.lease(request, run);
  history.start(run, request);
  return history.end(lease, run);
}

describe('the checker of histories', () => {
  it('finds nothing in runs that ended, stalled, were taken over and asked for again', () => {
    const history = new History();
    const first = history.request(sound(history));
    const lease = history.lease(first, 'r2');
    history.start('r2', first);
    const again = history.request(history.stall(lease, 'r2'));
    const second = history.lease(again, 'r3');
    history.start('r3', again);
    const progress = history.put(history.commit(second, 'aynig-state: working', 'aynig-run-id: r3', `aynig-parent: ${second}`));
    history.end(progress, 'r3');
    expect(history.complaints()).toEqual([]);
  });

  it('finds nothing in a run whose result and stall arrive together', () => {
    const history = new History();
    const request = history.request();
    const lease = history.lease(request, 'r1');
    history.start('r1', request);
    const made = history.commit(lease, 'aynig-state: review');
    history.log.push(`made r1 ${made}`);
    history.stall(made, 'r1');
    expect(history.complaints()).toEqual([]);
  });

  it('finds a request that two runs executed', () => {
    const history = new History();
    const request = history.request();
    history.start('r1', request);
    history.lease(request, 'r1');
    history.put(request);
    const lease = history.lease(request, 'r2');
    history.start('r2', request);
    history.end(lease, 'r2');
    expect(history.complaints()).toEqual(['double execution: build of x was executed by run r1 (ended) and by run r2']);
  });

  it('finds a run that was executed twice', () => {
    const history = new History();
    history.start('r1', history.request(sound(history)));
    expect(history.complaints()).toContain('double execution: run r1 was executed twice');
  });

  it('finds a run that was executed without the branch', () => {
    const history = new History();
    history.start('r2', sound(history));
    expect(history.complaints()).toEqual(['double execution: run r2 of x was executed without having had the branch']);
  });

  it('finds a run that took the branch while another held it, and one that took it twice', () => {
    const history = new History();
    const lease = history.lease(history.request(), 'r1');
    const other = history.lease(lease, 'r2');
    const end = history.end(other, 'r2');
    const again = history.lease(end, 'r1');
    history.end(again, 'r1');
    expect(history.complaints()).toEqual([
      expect.stringContaining('run r2 took the branch while run r1 held it'),
      expect.stringContaining('run r1 took a branch a second time'),
    ]);
  });

  it('finds a lease that was copied', () => {
    const history = new History();
    const request = history.request();
    const copy = history.commit(request, 'aynig-state: working', 'aynig-run-id: r1', `aynig-parent: ${none}`);
    history.end(history.put(copy), 'r1');
    expect(history.complaints()).toEqual([expect.stringContaining('the lease of run r1 is a copy')]);
  });

  it.each([
    ['its own commit', (history: History, stall: string) => history.end(stall, 'r1')],
    [
      'a commit that carries its name',
      (history: History, stall: string) => history.put(history.commit(stall, 'aynig-state: review', 'aynig-run-id: r1')),
    ],
    ['a commit of its own without a state', (history: History, stall: string) => history.plain(stall, 'r1')],
  ])('finds a run that was taken over and then published %s', (_, publish) => {
    const history = new History();
    const lease = history.lease(history.request(), 'r1');
    publish(history, history.stall(lease, 'r1'));
    expect(history.complaints()).toEqual([expect.stringContaining('run r1 published after its end')]);
  });

  it('finds commits of persons and of commands that no ref contains any more', () => {
    const history = new History();
    const end = sound(history);
    const person = history.commit(end);
    const command = history.commit(end, 'aynig-state: review');
    history.persons.push(person);
    history.log.push(`made r1 ${command}`);
    expect(history.complaints()).toEqual([`lost commit: ${command.slice(0, 12)}`, `lost commit: ${person.slice(0, 12)}`]);
    history.ref('refs/aynig/kept/r1', command);
    history.ref('refs/heads/kept', person);
    expect(history.complaints()).toEqual([]);
  });

  it('finds commits that were forced away from a branch', () => {
    const history = new History();
    const first = history.commit(undefined);
    const lost = history.put(history.commit(first));
    history.persons.push(first, lost);
    history.put(first);
    expect(history.complaints()).toEqual([`lost commit: ${lost.slice(0, 12)}`]);
  });

  it('finds a branch that is left leased, and one that nobody ran', () => {
    const history = new History();
    history.put(history.request(), 'forgotten');
    history.lease(history.request(), 'r1');
    expect(history.complaints()).toEqual([
      expect.stringMatching(/^stuck branch: forgotten asks for build .* and nobody ran it$/),
      'stuck branch: x is left leased by run r1',
    ]);
  });

  it('finds heartbeats of runs that are over, and lock files', () => {
    const history = new History();
    history.ref('refs/aynig/lease/r1', sound(history));
    history.file('packed-refs.lock');
    expect(history.complaints()).toEqual([
      'left behind: refs/aynig/lease/r1 at the remote',
      expect.stringMatching(/^left behind: packed-refs\.lock in /),
    ]);
  });
});

describe('the fault table', () => {
  it('adds the findings of the same kind up', () => {
    const table = new FaultTable();
    const judgement = { doubleExecutions: ['one'], lostCommits: ['one', 'two'], stuckBranches: [], leftBehind: [] };
    table.add('planted', 2, judgement);
    table.add('planted', 1, judgement);
    expect(table.render('planted').trim().split('\n')).toEqual([
      'faults: planted',
      'what    | count | double executions | lost commits | stuck branches',
      '--------|-------|-------------------|--------------|---------------',
      'planted |     3 |                 2 |            4 |              0',
    ]);
  });
});
