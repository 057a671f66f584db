// Captures which options the help of each coding agent of the ops pack defines: `npm run agents [-- [--check | --install] [agent...]]`.
// Facts alone: what the help says about an option is not ours, and is not kept.
//
//   (nothing)      installs the version that test/agents/<agent>/package.json names, and writes its flags.json
//   --check        installs what package-lock.json names, and compares: exits with 1 where flags.json is not what its help defines
//   --installed    with --check: installs nothing, and leaves out what is not there
//   --install      installs what package-lock.json names, and no more
//   --seconds=<n>  how long the installation of one agent may take, 300 where it is not said
//
// Without a package of ours: the gate starts this before it has installed any.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { optionsIn } from './agent-help.mjs';

/** What to run of each, below its node_modules, what wrote its help, and the variables of its adapter that have to occur in the program. */
const agents = {
  claude: {
    file: '@anthropic-ai/claude-code-linux-x64/claude',
    ask: ['--help'],
    style: 'commander',
    reads: ['CLAUDECODE', 'CLAUDE_CODE_ENTRYPOINT'],
  },
  codex: { file: '.bin/codex', ask: ['exec', '--help'], style: 'clap', reads: [] },
  opencode: {
    file: 'opencode-linux-x64/bin/opencode',
    ask: ['run', '--help'],
    style: 'yargs',
    reads: ['OPENCODE_DISABLE_PROJECT_CONFIG', 'OPENCODE_PERMISSION'],
  },
  gemini: { file: '.bin/gemini', ask: ['--help'], style: 'yargs', reads: [] },
};
/** The largest of them takes 400 MB, and npm's cache a part of that again. */
const roomNeeded = 2 * 1024 ** 3;

const root = new URL('..', import.meta.url).pathname;
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'boolean', default: false },
    installed: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '300' },
  },
});
for (const name of positionals)
  if (!(name in agents)) throw new Error(`no such agent: ${name}; there are ${Object.keys(agents).join(', ')}`);
const rewrites = !options.check && !options.install;

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const folderOf = (name) => join(root, 'test/agents', name);
const packageOf = (name) => Object.entries(json(join(folderOf(name), 'package.json')).dependencies)[0];

function isInstalled(name) {
  const [packageName, version] = packageOf(name);
  // npm writes this file when all else is in place: what an interrupted installation left behind does not have it.
  const written = join(folderOf(name), 'node_modules/.package-lock.json');
  return existsSync(written) && json(written).packages[`node_modules/${packageName}`]?.version === version;
}

async function install(name) {
  if (isInstalled(name)) return;
  const { bavail, bsize } = statfsSync(root);
  if (bavail * bsize < roomNeeded) throw new Error('not installed: less than 2 GB of the disk is free');
  const modules = join(folderOf(name), 'node_modules');
  rmSync(modules, { recursive: true, force: true });
  const { code, late, stderr } = await npm(folderOf(name));
  if (code === 0 && isInstalled(name)) return;
  rmSync(modules, { recursive: true, force: true, maxRetries: 5 });
  throw new Error(`not installed: ${late ? `not within ${options.seconds} s` : stderr.trim().split('\n')[0] || `npm ended with ${code}`}`);
}

function npm(folder) {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--omit-lockfile-registry-resolved', '--loglevel=error'];
  const child = spawn('npm', [rewrites ? 'install' : 'ci', ...quiet], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const result = { code: null, late: false, stderr: '' };
  // KILL: npm takes TERM for a wish, and goes on while it waits for a server.
  const end = () => child.kill('SIGKILL');
  const limit = setTimeout(() => {
    result.late = true;
    end();
  }, Number(options.seconds) * 1000);
  const ended = () => {
    end();
    process.exit(143);
  };
  process.once('SIGTERM', ended);
  child.stderr.setEncoding('utf8').on('data', (text) => {
    result.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => {
      clearTimeout(limit);
      process.removeListener('SIGTERM', ended);
      resolve({ ...result, code });
    });
  });
}

function ask(name, words) {
  const home = mkdtempSync(join(tmpdir(), 'aynig-agent-help-'));
  try {
    // Nothing of this machine: neither its paths nor a person's settings may show up in what is captured.
    const env = { PATH: process.env.PATH, HOME: home, LC_ALL: 'C', TZ: 'UTC', NO_COLOR: '1' };
    const file = join(folderOf(name), 'node_modules', agents[name].file);
    const answer = spawnSync(file, words, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', timeout: 60_000 });
    if (answer.status !== 0) throw new Error(`${words.join(' ')} ended with ${answer.status ?? answer.error?.message}: ${answer.stderr}`);
    // opencode prints its help to standard error. Others warn there of the folder that is their home for now.
    return answer.stdout || answer.stderr;
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What is captured, an option a line. */
function factsOf(name) {
  const [packageName, version] = packageOf(name);
  const { file, ask: words, style, reads } = agents[name];
  const program = reads.length === 0 ? '' : readFileSync(join(folderOf(name), 'node_modules', file));
  for (const variable of reads) if (!program.includes(variable)) throw new Error(`${variable} does not occur in the program`);
  const command = [name, ...words].join(' ');
  const options = optionsIn(style, command.replace(/ --help$/, ''), ask(name, words));
  const head = JSON.stringify({ package: packageName, version, command, reads }, null, 2).replace(/\n\}$/, '');
  return `${head},\n  "options": [\n${options.map((option) => `    ${JSON.stringify(option)}`).join(',\n')}\n  ]\n}\n`;
}

/** The first line in which two texts differ, of both. */
function difference(captured, found) {
  const [before, now] = [captured.split('\n'), found.split('\n')];
  const at = now.findIndex((line, index) => line !== before[index]);
  const line = at === -1 ? now.length : at;
  return `line ${line + 1} of flags.json\n  captured: ${before[line]?.trim() ?? '(ends)'}\n  defined:  ${now[line]?.trim() ?? '(ends)'}`;
}

/** What to say of an agent; throws where something does not hold. */
async function attend(name) {
  const version = packageOf(name)[1];
  const capture = join(folderOf(name), 'flags.json');
  if (options.installed && !isInstalled(name)) return `not installed here: the captured flags of ${version} are taken as they are`;
  if (!options.installed) await install(name);
  if (options.install) return `${version} is installed`;
  const found = factsOf(name);
  if (options.check) {
    const captured = readFileSync(capture, 'utf8');
    if (captured !== found) throw new Error(`the captured flags are not those that ${version} defines: ${difference(captured, found)}`);
    return `the captured flags are those that ${version} defines`;
  }
  const itself = ask(name, ['--version']);
  if (!itself.includes(version)) throw new Error(`the package has version ${version}, and the program calls itself ${itself.trim()}`);
  writeFileSync(capture, found);
  return `captured the flags of ${version}`;
}

for (const name of positionals.length > 0 ? positionals : Object.keys(agents)) {
  try {
    console.log(`${name}: ${await attend(name)}`);
  } catch (error) {
    console.log(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}
