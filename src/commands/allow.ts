import { Failure } from '../failure.js';
import { readConfig } from '../git/config.js';
import { type Git, lineOf } from '../git/gate.js';
import { type BranchName, branchRef, isOid, type Oid, shortOid } from '../git/names.js';
import { type Objects, openObjects } from '../git/objects.js';
import { openRepository, type Repository } from '../git/repository.js';
import { openContext } from '../kernel/open-context.js';
import { survey } from '../kernel/survey.js';
import { jsonText, printable } from '../printable.js';
import { placesOf } from '../runner/places.js';
import { type Content, contentOf, hasCommands, noContent, sameContent } from '../trust/content.js';
import { isInsideRun } from '../trust/inside-run.js';
import { type Allowed, changeRecord, isAllowed, isDistrusted, readRecord, type TrustRecord, withAllowed } from '../trust/record.js';
import { remoteKeys, remotesOf } from '../trust/remotes.js';
import { forgetTampering, readTampering } from '../trust/tampering.js';
import { branchArgument } from './branch-argument.js';
import type { Io } from './io.js';

export interface AllowFlags {
  readonly cwd: string;
  /** Default: the current branch. */
  readonly branch?: string | undefined;
  readonly yes: boolean;
  readonly list: boolean;
  readonly revoke: boolean;
  readonly remote?: string | undefined;
  /** The commit that was looked at: refuse when the commands are others by now. */
  readonly at?: string | undefined;
  readonly json: boolean;
}

interface Place {
  readonly repository: Repository;
  readonly objects: Objects;
  readonly io: Io;
}

/** `aynig allow`: shows what hooks would run, against what was allowed last, and records a person's yes. */
export async function allow(flags: AllowFlags, io: Io): Promise<number> {
  if (!flags.list && process.env['AYNIG_RUN_ID']) throw insideARun();
  const repository = await openRepository(flags.cwd);
  if (!flags.list && isInsideRun(repository)) throw insideARun();
  const objects = openObjects(repository.commonDir);
  const place: Place = { repository, objects, io };
  try {
    if (flags.list) return await list(place, flags.json);
    if (flags.revoke) return await revoke(place, flags);
    if (flags.remote !== undefined) return await allowRemote(place, flags.remote, flags.yes);
    return await allowContent(place, flags);
  } finally {
    await objects.close();
  }
}

const insideARun = (): Failure =>
  new Failure('inside-a-run', 'A running command cannot allow anything: it would rewrite its own orders.', {
    hint: 'Let a person run it in a terminal of their own: aynig allow',
  });

const recordOf = ({ repository }: Place): ReturnType<typeof readRecord> => readRecord(repository.commonDir, process.env);
const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');

async function list(place: Place, json: boolean): Promise<number> {
  const { io, repository } = place;
  const { allowed, remotes, distrusted, broken } = await recordOf(place);
  const changes = readTampering(placesOf(repository).own);
  if (json) {
    io.out(jsonText({ schema: 'aynig.allow/1', allowed, distrusted, remotes, changedDuringRuns: changes, broken: broken ?? null }));
    return 0;
  }
  if (broken !== undefined) io.err(`aynig: the record cannot be read, so nothing is allowed: ${broken}`);
  if (allowed.length === 0) io.out('No commands are allowed here. Look at them and allow them with: aynig allow');
  for (const { at, by, commit } of allowed) io.out(`commands of ${shortOid(commit)}  ${day(at)} UTC  ${howOf[by]}`);
  for (const { name, at } of remotes) io.out(`requests from remote ${printable(name)}  ${day(at)} UTC`);
  for (const { runId, branch, state, at } of changes)
    io.out(
      printable(
        `! this record changed while run ${runId.slice(0, 8)} of ${state} on ${branch} was running, ${day(at)} UTC; if that was not you, take all back: aynig allow --revoke`,
      ),
    );
  return 0;
}

const howOf: Readonly<Record<Allowed['by'], string>> = {
  allow: 'allowed by aynig allow',
  commit: 'made by your own commit',
  init: 'yours when the hooks were installed',
};

async function revoke(place: Place, { remote }: AllowFlags): Promise<number> {
  const { repository, io } = place;
  const before = await recordOf(place);
  const gone = remote === undefined ? before.allowed.length : before.remotes.filter(({ name }) => name === remote).length;
  if (gone > 0 || before.broken !== undefined)
    await changeRecord(repository.commonDir, process.env, (record) =>
      remote === undefined ? { ...record, allowed: [] } : { ...record, remotes: record.remotes.filter(({ name }) => name !== remote) },
    );
  if (remote === undefined) {
    forgetTampering(placesOf(repository).own);
    io.out(gone === 0 ? 'No commands were allowed here.' : 'Taken back: hooks start no command here until you allow it again.');
  } else io.out(gone === 0 ? `${remote} was not trusted here.` : `Taken back: requests from ${remote} are announced and not started.`);
  return 0;
}

async function allowRemote(place: Place, remote: string, yes: boolean): Promise<number> {
  const { repository, io } = place;
  const known = remotesOf(await readConfig(repository.git, `^${remoteKeys}$`)).find(({ name }) => name === remote);
  if (known === undefined)
    throw new Failure('usage', `There is no remote ${JSON.stringify(remote)} here.`, { hint: 'List the remotes with: git remote -v' });
  io.err(`Whoever can push to ${remote} (${known.url.replaceAll('\n', ', ')}) could then start the commands that you have allowed.`);
  await confirm(io, `Let hooks start requests that come from ${printable(remote)}?`, yes);
  await changeRecord(repository.commonDir, process.env, (record) => ({
    ...record,
    remotes: [...record.remotes.filter(({ name }) => name !== remote), { name: remote, url: known.url, at: nowSeconds() }],
  }));
  io.out(`Allowed: requests from ${remote}. Take it back with: aynig allow --revoke --remote ${remote}`);
  return 0;
}

async function allowContent(place: Place, flags: AllowFlags): Promise<number> {
  const { repository, objects, io } = place;
  const branch = await branchArgument(repository, flags.branch);
  const tip = await objects.ref(branchRef(branch));
  if (tip === undefined)
    throw new Failure('no-such-branch', `There is no branch ${branch} here.`, { hint: 'List the branches with: git branch' });
  const content = await contentOf(objects, tip);
  const record = await recordOf(place);
  if (!hasCommands(content)) {
    io.out(`${branch} has no commands: nothing to allow.`);
    return 0;
  }
  if (isAllowed(record, content) && !isDistrusted(record, content)) {
    forgetTampering(placesOf(repository).own);
    io.out(`The commands of ${branch} are allowed already.`);
    return 0;
  }
  if (flags.at !== undefined) await expectSame(objects, flags.at, content, branch);
  await show(place, branch, tip, content, record);
  await confirm(io, `Let hooks run the commands of ${branch} as shown?`, flags.yes, `aynig allow ${branch} --at ${shortOid(tip)} --yes`);
  await changeRecord(repository.commonDir, process.env, (current) =>
    withAllowed(current, { ...content, at: nowSeconds(), by: 'allow', commit: tip }),
  );
  forgetTampering(placesOf(repository).own);
  io.out(`Allowed: the commands of ${branch} at ${shortOid(tip)}. Take it back with: aynig allow --revoke`);
  await sayWhatWaits(flags.cwd, branch, io);
  return 0;
}

/** What a person has read somewhere else must be what is allowed now. */
async function expectSame(objects: Objects, at: string, content: Content, branch: string): Promise<void> {
  const named = /^[0-9a-f]{4,64}$/.test(at) ? await objects.read(`${at}^{commit}`, 0) : undefined;
  if (named?.kind === 'found' && sameContent(await contentOf(objects, named.oid), content)) return;
  throw new Failure('not-allowed', `Nothing was allowed: the commands of ${branch} are not those of ${at}.`, {
    hint: `Look at them again: aynig allow ${branch}`,
  });
}

/** What a hook will do with the branch now. */
async function sayWhatWaits(cwd: string, branch: BranchName, io: Io): Promise<void> {
  const context = await openContext({ cwd, startedBy: 'hook' });
  try {
    const [found] = await survey(context, [branchRef(branch)]);
    if (found === undefined || 'failure' in found) return;
    const { reading } = found;
    if (reading.kind === 'ready') io.out(`${branch} asks for ${reading.state}. Run it with: aynig run --branch ${branch}`);
    else if (reading.kind === 'untrusted')
      io.out(printable(`${branch} asks for ${reading.state}; hooks still do not start it, because ${reading.why}. Next: ${reading.next}`));
  } finally {
    await context.objects.close();
  }
}

const folders = [
  ['command', '.aynig/command/'],
  ['roles', '.aynig/roles/'],
] as const;
/** A longer difference is cut, and the command that shows it whole is printed. */
const mostLines = 2_000;
/** So many changed files are listed with the commit that changed them last. */
const mostFiles = 100;

async function show({ repository, objects, io }: Place, branch: string, tip: Oid, content: Content, record: TrustRecord): Promise<void> {
  const { git } = repository;
  const last = record.allowed.at(-1);
  const known = last !== undefined && (await isThere(objects, last)) ? last : undefined;
  io.out(
    last === undefined
      ? `The commands of ${printable(branch)}; nothing was allowed here before:`
      : known === undefined
        ? `The commands of ${printable(branch)}; what was allowed before is no longer in this repository:`
        : `The commands of ${printable(branch)}, against what was allowed on ${day(known.at)} UTC (${shortOid(known.commit)}):`,
  );
  const empty = lineOf(await git(['hash-object', '-t', 'tree', '--stdin']));
  for (const [name, folder] of folders) {
    const [from, to] = [treeOf(known ?? noContent, name, empty), treeOf(content, name, empty)];
    if (from === to) continue;
    await showFiles({ git, io }, tip, folder, from, to);
    const diff = ['diff', '--text', '--no-ext-diff', '--no-textconv', '--no-color', `--src-prefix=a/${folder}`, `--dst-prefix=b/${folder}`];
    const lines = (await git([...diff, from, to, '--'])).stdout.toString('utf8').replace(/\n$/, '').split('\n');
    io.out(printable(lines.slice(0, mostLines).join('\n'), { lines: true }));
    if (lines.length > mostLines)
      io.out(`… ${lines.length - mostLines} lines more; see all with: git diff ${shortOid(from)} ${shortOid(to)}`);
  }
}

async function showFiles({ git, io }: { git: Git; io: Io }, tip: Oid, folder: string, from: string, to: string): Promise<void> {
  const parts = (await git(['diff', '--no-renames', '--name-status', '-z', from, to, '--'])).stdout.toString('utf8').split('\0');
  for (let at = 0; at + 1 < Math.min(parts.length, 2 * mostFiles); at += 2) {
    const [status = '', path = ''] = [parts[at], parts[at + 1]];
    const log = await git([
      'log',
      '-1',
      '--no-show-signature',
      '--date=short',
      '--format=%h %an, %ad: %s',
      tip,
      '--',
      `:(top,literal)${folder}${path}`,
    ]);
    io.out(printable(`  ${status} ${folder}${path}  (${lineOf(log)})`));
  }
  if (parts.length > 2 * mostFiles) io.out(`  … ${Math.floor(parts.length / 2) - mostFiles} files more`);
  io.out('');
}

/** The tree of a folder; a link or a file in its place holds no commands. */
function treeOf(content: Content, name: keyof Content, empty: string): string {
  const [mode, id] = content[name].split(' ');
  return mode === '40000' && id !== undefined ? id : empty;
}

async function isThere(objects: Objects, content: Content): Promise<boolean> {
  for (const [name] of folders) {
    const id = content[name].split(' ')[1];
    if (id !== undefined && isOid(id) && (await objects.read(id, 0)).kind === 'missing') return false;
  }
  return true;
}

async function confirm(io: Io, question: string, yes: boolean, again = 'aynig allow --yes'): Promise<void> {
  if (yes) return;
  if (!io.canAsk)
    throw new Failure('not-allowed', 'Nothing was allowed: there is no terminal to ask on.', {
      hint: `Look at what is shown above, then: ${again}`,
    });
  const answer = await io.ask(`${question} [y/N] `);
  if (!/^y(?:es)?$/i.test(answer?.trim() ?? ''))
    throw new Failure('not-allowed', 'Nothing was allowed.', { hint: 'Ask again with: aynig allow' });
}
