import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Failure } from '../failure.js';
import { corruptObject } from './causes.js';
import { type Commit, parseCommit } from './commit.js';
import { type Environment, gitEnvironment, gitSettings } from './environment.js';
import { gitMissing, lineOf, openGit } from './gate.js';
import { isOid, type Oid, oid, type RefName } from './names.js';

/** What `git cat-file --batch` answered for one name. */
export type StoredObject =
  | { readonly kind: 'missing' }
  | {
      readonly kind: 'found';
      readonly oid: Oid;
      readonly type: string;
      readonly size: number;
      readonly bytes: Buffer;
      readonly truncated: boolean;
    };

/** One entry of a tree object. */
export interface TreeEntry {
  /** As git writes it: `100755`, `100644`, `120000`, `40000`, `160000`. */
  readonly mode: string;
  readonly name: string;
  readonly oid: Oid;
}

/**
 * Reads many objects through one `git cat-file --batch` process, which starts when the first object is asked for and
 * ends with {@link close}. Names are resolved anew at each question, so a ref can be read again after it moved.
 */
export interface Objects {
  /** Starts the process now, while its caller waits for something else. */
  start(): void;
  /** Keeps at most `maxBytes` of the content (default 2 MiB); the rest is read and dropped. */
  read(name: string, maxBytes?: number): Promise<StoredObject>;
  /** Throws {@link Failure} corrupt-object when it is not there or no commit. */
  commit(name: Oid): Promise<Commit>;
  /** The value of a ref now, or undefined when it does not exist. */
  ref(name: RefName): Promise<Oid | undefined>;
  /** Entries of the tree at `path` in `treeish`; undefined when there is no tree at that path. */
  tree(treeish: Oid, path: string): Promise<readonly TreeEntry[] | undefined>;
  close(): Promise<void>;
}

interface Question {
  readonly name: string;
  readonly maxBytes: number;
  readonly resolve: (answer: StoredObject) => void;
  readonly reject: (error: unknown) => void;
}

const defaultMaxBytes = 2 * 1024 * 1024;
/** An answer that takes longer than this is given up: a network file system, or a partial clone that fetches. */
const answerTimeoutMs = 60_000;

/** `extra`: variables that `inherited` is stripped of, such as those of a push that is being received. */
export function openObjects(gitDir: string, inherited: NodeJS.ProcessEnv = process.env, extra: Environment = {}): Objects {
  let batch: Batch | undefined;
  const read: Objects['read'] = (name, maxBytes = defaultMaxBytes) => {
    if (/[\n\0]/.test(name)) return Promise.resolve({ kind: 'missing' });
    return running().ask(name, maxBytes);
  };
  const running = (): Batch => {
    if (batch === undefined || batch.dead) batch = new Batch(gitDir, inherited, extra);
    return batch;
  };
  const trees = new Map<string, Promise<readonly TreeEntry[] | undefined>>();
  return {
    start: () => void running(),
    read,
    async commit(name) {
      const found = await read(name);
      if (found.kind === 'missing') throw corruptObject(`${name} is missing`);
      if (found.type !== 'commit') throw corruptObject(`${name} is a ${found.type} and not a commit`);
      return parseCommit(name, found.bytes);
    },
    async ref(name) {
      const found = await read(name, 0);
      if (found.kind === 'found') return found.oid;
      // cat-file says the same of a ref that is gone and of one whose object cannot be read.
      const git = openGit({ cwd: gitDir, gitDir }, inherited);
      const there = await git(['rev-parse', '--verify', '--quiet', name], { ok: [0, 1, 128] });
      if (there.exitCode !== 0) return undefined;
      // A fetch beside us may have made it just now; only an object that is still missing is damage.
      const value = oid(lineOf(there));
      if ((await read(value, 0)).kind === 'missing') throw corruptObject(`${value}, which ${name} names`);
      return value;
    },
    tree(treeish, path) {
      const name = `${treeish}:${path}`;
      let answer = trees.get(name);
      if (answer === undefined) {
        answer = read(name).then((found) =>
          found.kind === 'found' && found.type === 'tree' ? parseTree(found.bytes, found.oid.length / 2) : undefined,
        );
        trees.set(name, answer);
      }
      return answer;
    },
    close: () => batch?.close() ?? Promise.resolve(),
  };
}

function parseTree(bytes: Buffer, oidBytes: number): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const nul = bytes.indexOf(0, space);
    if (space < 0 || nul < 0) break;
    entries.push({
      mode: bytes.toString('latin1', at, space),
      name: bytes.toString('utf8', space + 1, nul),
      oid: oid(bytes.toString('hex', nul + 1, nul + 1 + oidBytes)),
    });
    at = nul + 1 + oidBytes;
  }
  return entries;
}

/** One `cat-file --batch` process and the questions it has still to answer. */
class Batch {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #questions: Question[] = [];
  #chunks: Buffer[] = [];
  #length = 0;
  #header: { readonly oid: Oid; readonly type: string; readonly size: number } | undefined;
  #content: Buffer[] = [];
  #contentKept = 0;
  #contentLeft = 0;
  #stderr = '';
  #timer: NodeJS.Timeout | undefined;
  #corked = false;
  dead = false;

  constructor(gitDir: string, inherited: NodeJS.ProcessEnv, extra: Environment) {
    this.#child = spawn('git', [`--git-dir=${gitDir}`, ...gitSettings, 'cat-file', '--batch'], {
      cwd: gitDir,
      env: { ...gitEnvironment(inherited), ...extra },
      stdio: 'pipe',
      detached: true,
      windowsHide: true,
    });
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-2000);
    });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#child.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code === 'ENOENT' ? gitMissing(error) : error));
    this.#child.on('close', (code) => this.#fail(corruptObject(this.#stderr.trim().split('\n').at(-1) || `cat-file ended with ${code}`)));
  }

  ask(name: string, maxBytes: number): Promise<StoredObject> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ name, maxBytes, resolve, reject });
      this.#timer ??= setTimeout(() => this.#timedOut(), answerTimeoutMs);
      // Questions that are asked together are written together.
      if (!this.#corked) {
        this.#corked = true;
        this.#child.stdin.cork();
        process.nextTick(() => {
          this.#corked = false;
          this.#child.stdin.uncork();
        });
      }
      this.#child.stdin.write(`${name}\n`);
    });
  }

  close(): Promise<void> {
    if (this.dead || this.#child.exitCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const kill = setTimeout(() => this.#child.kill('SIGKILL'), 2_000);
      this.#child.once('close', () => {
        clearTimeout(kill);
        resolve();
      });
      this.#child.stdin.end();
    });
  }

  #timedOut(): void {
    this.#child.kill('SIGKILL');
    this.#fail(
      new Failure('git-timeout', 'git cat-file did not answer within its time limit.', {
        hint: 'Check the disk or the remote of a partial clone, then try again.',
      }),
    );
  }

  #fail(error: unknown): void {
    this.dead = true;
    clearTimeout(this.#timer);
    for (const question of this.#questions.splice(0)) question.reject(error);
  }

  #answered(answer: StoredObject): void {
    clearTimeout(this.#timer);
    this.#timer = this.#questions.length > 1 ? setTimeout(() => this.#timedOut(), answerTimeoutMs) : undefined;
    this.#questions.shift()?.resolve(answer);
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#contentLeft > 0) rest = this.#takeContent(rest);
      else rest = this.#takeHeader(rest);
    }
  }

  #takeHeader(chunk: Buffer): Buffer {
    const newline = chunk.indexOf(0x0a);
    if (newline < 0) {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      return Buffer.alloc(0);
    }
    const line = Buffer.concat([...this.#chunks, chunk.subarray(0, newline)], this.#length + newline).toString('utf8');
    this.#chunks = [];
    this.#length = 0;
    const match = /^([0-9a-f]+) (\w+) (\d+)$/.exec(line);
    if (match?.[1] !== undefined && isOid(match[1])) {
      this.#header = { oid: match[1], type: match[2] ?? '', size: Number(match[3]) };
      // The content is followed by one newline of its own.
      this.#contentLeft = this.#header.size + 1;
    } else this.#answered({ kind: 'missing' });
    return chunk.subarray(newline + 1);
  }

  #takeContent(chunk: Buffer): Buffer {
    const part = chunk.subarray(0, this.#contentLeft);
    const wanted = Math.min(this.#questions[0]?.maxBytes ?? 0, this.#header?.size ?? 0) - this.#contentKept;
    if (wanted > 0) {
      const keep = part.subarray(0, wanted);
      this.#content.push(keep);
      this.#contentKept += keep.length;
    }
    this.#contentLeft -= part.length;
    if (this.#contentLeft === 0 && this.#header !== undefined) {
      const bytes = Buffer.concat(this.#content);
      const header = this.#header;
      this.#content = [];
      this.#contentKept = 0;
      this.#header = undefined;
      this.#answered({ kind: 'found', ...header, bytes, truncated: bytes.length < header.size });
    }
    return chunk.subarray(part.length);
  }
}
