// Bundles each entry point into one file: a hook must not pay for a hundred module loads. Verbs of the command line are
// split off and loaded when called.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

// Sources that have not changed are not built again, and a new build takes the old one's place in one step: whoever runs
// the program meanwhile never finds half of it.
const stamp = createHash('sha256').update(readFileSync('package-lock.json')).update(readFileSync('scripts/build.mjs'));
for (const name of readdirSync('src', { recursive: true, encoding: 'utf8' }).sort()) {
  if (/\.(?:ts|css|html)$/.test(name)) stamp.update(name).update(readFileSync(join('src', name)));
}
const digest = stamp.digest('hex');
if (existsSync('dist/.stamp') && readFileSync('dist/.stamp', 'utf8') === digest) process.exit(0);
const target = `dist.${process.pid}.tmp`;

const common = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  metafile: true,
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  minifyIdentifiers: true,

  define: { AYNIG_VERSION: JSON.stringify(version) },
  // Some bundled packages are CommonJS and ask for Node's own modules by require.
  banner: { js: "import{createRequire as aynigRequire}from'node:module';const require=aynigRequire(import.meta.url);" },
  logLevel: 'warning',
};

// What hooks start is CommonJS: Node begins it 3 ms sooner than an ES module. execa is a file of its own there, read while
// git is at work.
const quick = {
  ...common,
  banner: {},
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  supported: { 'dynamic-import': false },
  plugins: [
    { name: 'execa apart', setup: ({ onResolve }) => onResolve({ filter: /^execa$/ }, () => ({ path: './execa.cjs', external: true })) },
  ],
};
// execa renders each command line with control characters escaped, for messages that we do not show. The Unicode classes it
// looks for cost 10 ms of a start (V8 builds their sets twice); its own expression for a Node without ICU costs nothing.
const escapes = {
  wanted: "new RegExp('\\\\p{Separator}|\\\\p{Other}', 'gu')",
  instead: String.raw`/[\s\u0000-\u001F\u007F-\u009F\u00AD]/g`,
};
const plainEscapes = replacing('execa', /execa[\\/]lib[\\/]arguments[\\/]escape\.js$/, escapes);
// Our string-width (that of yargs is older) makes one at every start, which costs 12 ms; most texts are ASCII and need none.
const lazySegmenter = replacing('string-width', /[\\/]string-width[\\/]index\.js$/, {
  in: join(root, 'node_modules/string-width/index.js'),
  wanted: 'const segmenter = new Intl.Segmenter();',
  instead: 'let made; const segmenter = { segment: (text) => (made ??= new Intl.Segmenter()).segment(text) };',
});
// yargs lays the help of every verb out after calling it, for a failure that shows it: ours never do, and it costs 6 ms.
const helpWhenAsked = replacing('yargs', /yargs[\\/]build[\\/]lib[\\/]usage\.js$/, {
  wanted: 'cachedHelpMessage = this.help();',
  instead: '',
});
// yargs lays its help out with cliui, whose ES module breaks lines inside words; its CommonJS build breaks them between words.
const wholeWords = {
  name: 'whole words',
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^cliui$/ }, ({ resolveDir, pluginData }) =>
      pluginData === 'asked' ? undefined : resolve('cliui', { resolveDir, kind: 'require-call', pluginData: 'asked' }),
    ),
};
const results = await Promise.all([
  build({
    ...quick,
    entryPoints: { hook: 'src/hook.ts', announce: 'src/announce.ts', runner: 'src/runner.ts', fence: 'src/fence.ts' },
    outdir: target,
  }),
  build({ ...quick, plugins: [plainEscapes], entryPoints: { execa: 'execa' }, outdir: target }),
  build({
    ...common,
    plugins: [plainEscapes, wholeWords, lazySegmenter, helpWhenAsked],
    entryPoints: { cli: 'src/cli.ts' },
    outdir: target,
    splitting: true,
    chunkNames: 'chunks/[hash]',
  }),
]);
const page = await tracePage();
writeFileSync(`${target}/trace-page.html`, page);
const cli = readFileSync(`${target}/cli.js`, 'utf8');
writeFileSync(`${target}/cli.js`, cli.startsWith('#!') ? cli : `#!/usr/bin/env node\n${cli}`);
chmodSync(`${target}/cli.js`, 0o755);
writeFileSync(`${target}/THIRD-PARTY-NOTICES.txt`, notices(results.flatMap(({ metafile }) => Object.keys(metafile.inputs))));
writeFileSync(`${target}/.stamp`, digest);
rmSync('dist', { recursive: true, force: true });
renameSync(target, 'dist');

/** Bundles one file of a package with a piece of it replaced; fails where that is no longer in it. */
function replacing(name, filter, { in: place, wanted, instead }) {
  return {
    name: `${name} quicker`,
    setup: ({ onLoad }) =>
      onLoad({ filter }, ({ path }) => {
        if (place !== undefined && path !== place) return undefined;
        const source = readFileSync(path, 'utf8');
        if (!source.includes(wanted)) throw new Error(`${path} has changed: look again at what it costs`);
        return { contents: source.replace(wanted, () => instead) };
      }),
  };
}

/**
 * The page of `aynig trace`, whole but for its data: no file and no network is needed to look at it. Only this script and this
 * style may act in it, and no text may become markup (trusted types).
 */
async function tracePage() {
  const browser = {
    bundle: true,
    write: false,
    minify: true,
    target: 'es2022',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  };
  const bundle = (entry, more) => build({ ...browser, ...more, entryPoints: [entry] });
  const [script, style] = await Promise.all([
    bundle('src/trace-page/main.ts', { format: 'iife', tsconfig: 'src/trace-page/tsconfig.json' }),
    // Newer functions of CSS would be written out for older browsers, and lose what they are for.
    bundle('src/trace-page/page.css', { target: 'esnext' }),
  ]);
  results.push(script);
  const [code, css] = [script, style].map(({ outputFiles: [{ text }] }) => text.trim());
  if (/<\/(?:script|style)|<!--/i.test(code + css)) throw new Error('the script of the trace page would end before its end');
  const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(code)}`,
    `style-src ${hash(css)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  const parts = {
    '<meta name="policy">': `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<style></style>': `<style>${css}</style>`,
    '<script></script>': `<script>${code}</script>`,
    '@NOTICES@': notices(Object.keys(script.metafile.inputs)).replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`),
  };
  let html = readFileSync('src/trace-page/page.html', 'utf8').replace(/^<!doctype html>\s*/, '');
  for (const [place, text] of Object.entries(parts)) {
    if (html.split(place).length !== 2) throw new Error(`the trace page must have ${place} once`);
    html = html.replace(place, () => text);
  }
  return `<!doctype html><!-- made by aynig trace -->\n${html}`;
}

/** The licence texts of everything that the bundles contain. */
function notices(inputs) {
  const folders = new Set(inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []));
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version: packageVersion, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text =
        file !== undefined && existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').trim() : `Licence: ${license}`;
      return `${name} ${packageVersion}\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
