import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from './support/scratch.js';

/** Source texts by their path below `src`. */
type Sources = ReadonlyMap<string, string>;

interface Import {
  readonly from: string;
  /** A path below `src`, or the name of a package. */
  readonly to: string;
}

const root = join(projectRoot, 'src');
const sources: Sources = new Map(
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
);

/** Each layer, and the layers it may use beside itself: imports point downwards only. */
const layers: Readonly<Record<string, readonly string[]>> = {
  bottom: [],
  git: ['bottom'],
  runner: ['git', 'bottom'],
  trust: ['git', 'runner', 'bottom'],
  packs: ['trust', 'git', 'runner', 'bottom'],
  kernel: ['trust', 'git', 'runner', 'bottom'],
  'trace-page': [],
  observe: ['trace-page', 'packs', 'trust', 'kernel', 'git', 'runner', 'bottom'],
  install: ['git', 'bottom'],
  doctor: ['install', 'trust', 'observe', 'kernel', 'git', 'runner', 'bottom'],
  explain: ['doctor', 'packs', 'observe', 'kernel', 'git', 'bottom'],
  hooks: ['trust', 'observe', 'kernel', 'git', 'runner', 'bottom'],
  commands: ['explain', 'trace-page', 'packs', 'doctor', 'trust', 'install', 'observe', 'kernel', 'git', 'runner', 'bottom'],
  server: ['kernel', 'git', 'runner', 'bottom'],
  'hook entry': ['hooks', 'server', 'bottom'],
  cli: ['commands', 'observe', 'kernel', 'git', 'bottom'],
};
const layerOfFile: Readonly<Record<string, string>> = {
  'failure.ts': 'bottom',
  'printable.ts': 'bottom',
  'state-name.ts': 'bottom',
  'nearest.ts': 'bottom',
  'cli.ts': 'cli',
  'hook.ts': 'hook entry',
  'announce.ts': 'hook entry',
  'runner.ts': 'hook entry',
  'fence.ts': 'hook entry',
};
const layerOf = (path: string): string => layerOfFile[path] ?? dirname(path).split('/')[0] ?? '';
/** Files that are functions of their arguments alone. */
const pureFiles = [
  'state-name.ts',
  'nearest.ts',
  ...['message', 'git-trailers', 'names', 'tip', 'decide', 'verdict', 'lease', 'lease-fault', 'state-event'].map(
    (name) => `kernel/${name}.ts`,
  ),
  ...['dot-git', 'limits', 'ref', 'refuse', 'subfolder'].map((name) => `packs/${name}.ts`),
];

const withoutComments = (text: string): string => text.replace(/\/\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '');

/** Every import of a file: static, re-exporting, for its effect, of types, and dynamic. */
function importsOf(path: string, text: string): Import[] {
  const found = withoutComments(text).matchAll(/\b(?:from|import)\s*\(?\s*(['"`])([^'"`]+)\1/g);
  return [...found].map(([, , name = '']) => ({
    from: path,
    to: name.startsWith('.') ? posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts') : name,
  }));
}

const isOurs = ({ to }: Import): boolean => to.endsWith('.ts') || to.startsWith('..');
const allImports = (of: Sources): Import[] => [...of].flatMap(([path, text]) => importsOf(path, text));
const show = ({ from, to }: Import): string => `${from} -> ${to}`;

const againstLayers = (of: Sources): string[] =>
  allImports(of)
    .filter(isOurs)
    .filter(({ from, to }) => layerOf(from) !== layerOf(to) && !(layers[layerOf(from)] ?? []).includes(layerOf(to)))
    .map(show);

const fromBottom = (of: Sources): string[] =>
  allImports(of)
    .filter((each) => layerOf(each.from) === 'bottom' && isOurs(each))
    .map(show);

const forbiddenBelow = (of: Sources): string[] =>
  [...of].flatMap(([path, text]) => {
    if (!['kernel', 'git', 'runner'].includes(layerOf(path))) return [];
    const packages = importsOf(path, text).filter(({ to }) => /^(?:yargs|simple-git)(?:\/|$)/.test(to));
    return [...packages.map(show), ...(/\bconsole\b/.test(withoutComments(text)) ? [`${path} uses console`] : [])];
  });

const reachesSimpleGit = (of: Sources): string[] =>
  allImports(of)
    .filter(({ from, to }) => /^simple-git(?:\/|$)/.test(to) && layerOf(from) !== 'packs')
    .map(show);

const impure = (of: Sources): string[] =>
  pureFiles.flatMap((path) => {
    const text = of.get(path) ?? '';
    const builtIns = importsOf(path, text).filter(({ to }) => to.startsWith('node:'));
    const globals =
      withoutComments(text).match(/\b(?:Date|process|performance|setTimeout|setInterval|Math\.random|fetch|globalThis)\b/g) ?? [];
    return [...builtIns.map(show), ...globals.map((name) => `${path} uses ${name}`)];
  });

/** What a browser does not have, and what the page alone may use. */
const notForThePage = (of: Sources): string[] =>
  [...of].flatMap(([path, text]) => {
    const isPage = layerOf(path) === 'trace-page';
    const packages = importsOf(path, text).filter(
      (each) => !isOurs(each) && /^d3-/.test(each.to) !== isPage && (isPage || /^d3/.test(each.to)),
    );
    const globals = isPage
      ? (withoutComments(text).match(/\b(?:process|Buffer|innerHTML|outerHTML|insertAdjacentHTML|eval)\b/g) ?? [])
      : [];
    return [...packages.map(show), ...globals.map((name) => `${path} uses ${name}`)];
  });

/** `git` as the program of a process: the first word of a call, of an argument list or of a shell line. */
const startsGit = (of: Sources): string[] =>
  [...of]
    .filter(
      ([path, text]) =>
        layerOf(path) !== 'git' &&
        /\b(?:spawn|exec|execFile|fork|execa|spawnSync|execSync|execFileSync|\$)\s*\(?\s*['"`](?:\S*\/)?git\b/.test(withoutComments(text)),
    )
    .map(([path]) => path);

const hiddenImports = (of: Sources): string[] =>
  [...of]
    .filter(([, text]) => /\bimport\s*\(\s*[^\s'"`]|\brequire\s*\(|\bcreateRequire\b/.test(withoutComments(text)))
    .map(([path]) => path);

describe('the architecture of the source', () => {
  it('knows the layer of every file', () => {
    expect([...sources.keys()].filter((path) => layers[layerOf(path)] === undefined)).toEqual([]);
    expect(pureFiles.filter((path) => !sources.has(path))).toEqual([]);
  });

  it('has imports of files that exist, and none that cannot be seen here', () => {
    expect(
      allImports(sources)
        .filter((each) => isOurs(each) && !sources.has(each.to))
        .map(show),
    ).toEqual([]);
    expect(hiddenImports(sources)).toEqual([]);
  });

  it('has imports that point downwards only', () => {
    expect(againstLayers(sources)).toEqual([]);
  });

  it('stands on files that import nothing of ours', () => {
    expect(fromBottom(sources)).toEqual([]);
  });

  it('keeps the command line, simple-git and the console out of kernel, git and runner', () => {
    expect(forbiddenBelow(sources)).toEqual([]);
  });

  it('reaches simple-git in src/packs alone', () => {
    expect(reachesSimpleGit(sources)).toEqual([]);
  });

  it('has a core without clock, process or file system', () => {
    expect(impure(sources)).toEqual([]);
  });

  it('has a page that needs nothing of Node, and d3 nowhere else', () => {
    expect(notForThePage(sources)).toEqual([]);
  });

  it('starts git in src/git alone', () => {
    expect(startsGit(sources)).toEqual([]);
  });
});

describe('each rule', () => {
  const bad = (path: string, text: string): Sources => new Map([[path, text]]);

  it.each<[string, (of: Sources) => string[], string, string]>([
    ['the kernel uses a command', againstLayers, 'kernel/tick.ts', "import { x } from '../commands/run.js';"],
    ['the kernel uses what observes it', againstLayers, 'kernel/tick.ts', "import type { x } from '../observe/status.js';"],
    ['git uses the runner', againstLayers, 'git/refs.ts', "import { x } from '../runner/lock.js';"],
    ['git uses the kernel later', againstLayers, 'git/refs.ts', "const x = await import('../kernel/tip.js');"],
    ['a hook uses a command', againstLayers, 'hooks/commit-msg.ts', "export * from '../commands/io.js';"],
    ['a command uses a hook', againstLayers, 'commands/run.ts', "import '../hooks/run-once.js';"],
    ['an entry uses a command', againstLayers, 'hook.ts', "import { x } from './commands/io.js';"],
    ['the bottom uses git', fromBottom, 'failure.ts', "import { x } from './git/gate.js';"],
    ['the bottom uses the bottom', fromBottom, 'failure.ts', "import { x } from './printable.js';"],
    ['the runner reads arguments', forbiddenBelow, 'runner/lock.ts', "import { hideBin } from 'yargs/helpers';"],
    ['git is reached by a library', forbiddenBelow, 'git/gate.ts', "import { simpleGit } from 'simple-git';"],
    ['a command clones by itself', reachesSimpleGit, 'commands/install.ts', "import { simpleGit } from 'simple-git';"],
    ['the kernel uses a pack', againstLayers, 'kernel/tick.ts', "import { x } from '../packs/fetch.js';"],
    ['the kernel prints', forbiddenBelow, 'kernel/run.ts', "console.log('x');"],
    ['the core reads the clock', impure, 'kernel/decide.ts', 'const now = Date.now();'],
    ['the core reads the environment', impure, 'kernel/tip.ts', "process.env['X'];"],
    ['the core reads files', impure, 'kernel/message.ts', "import { readFileSync } from 'node:fs';"],
    ['the page uses a file', notForThePage, 'trace-page/main.ts', "import { readFileSync } from 'node:fs';"],
    ['the page makes markup of text', notForThePage, 'trace-page/main.ts', 'document.body.innerHTML = text;'],
    ['the page uses the kernel', againstLayers, 'trace-page/main.ts', "import { readTip } from '../kernel/tip.js';"],
    ['a command draws', notForThePage, 'commands/trace.ts', "import { zoom } from 'd3-zoom';"],
    ['a command starts git', startsGit, 'commands/init.ts', "spawn('git', ['init']);"],
    ['a command starts git by a shell', startsGit, 'commands/init.ts', 'execSync(`git init ${path}`);'],
    ['the runner starts git by its path', startsGit, 'runner/x.ts', "execa('/usr/bin/git', []);"],
    ['an import is computed', hiddenImports, 'cli.ts', 'await import(name);'],
    ['a module is required', hiddenImports, 'cli.ts', "createRequire(import.meta.url)('x');"],
  ])('would notice that %s', (_, rule, path, text) => {
    expect(rule(bad(path, text))).toHaveLength(1);
    expect(rule(bad(path, `// ${text}`))).toEqual([]);
  });
});
