import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { chromiumPath, openBrowser } from '../support/browser.js';
import { asks, importHistory, leases, type Made, runOf, stalls } from '../support/made-history.js';
import { busyDay } from '../support/made-workflow.js';
import { scratch, temporaryDirectory } from '../support/scratch.js';
import { skipBecause } from '../support/workspace.js';

const path = chromiumPath();
let browser: Browser | undefined;

beforeAll(async () => {
  if (path !== undefined) browser = await openBrowser(path);
});
afterAll(() => browser?.close());
beforeEach((context) => {
  if (path === undefined) skipBecause('chromium is not here', context);
});

const start = 1_700_000_000;
const hostile = '<img src=x onerror="document.title=1"> </script><script>document.title=2</script> \u202edesrever';
const story: readonly Made[] = [
  { branch: 'main', at: start, message: 'begin\n' },
  { branch: 'main', at: start + 10, message: asks('build', 'build it', { 'correlation-id': 'c-1' }) },
  { branch: 'main', at: start + 30, message: leases('one', 'build') },
  { branch: 'main', at: start + 90, message: asks('review', 'look at it'), files: { 'made.txt': 'made\n' } },
  { branch: 'job', at: start + 100, from: 'begin', message: asks('check', hostile, { 'parent-run': runOf('one') }) },
  { branch: 'job', at: start + 120, message: leases('two', 'check') },
  { branch: 'job', at: start + 160, message: stalls('two', 'check', { 'exit-code': 3, kept: `refs/aynig/kept/${runOf('two')}` }) },
];

/** What axe-core answers, as far as it is read here. */
interface Axe {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What a page complained of, and what it asked the network for. */
interface Watched {
  readonly page: Page;
  readonly complaints: string[];
}

/** A page with the commits that it is about, which are called as git calls them. */
interface Traced {
  readonly html: string;
  readonly commits: Readonly<Record<string, string>>;
}

function pageOf(story: readonly Made[], ...revisions: readonly string[]): Traced {
  const made = scratch();
  made.git('checkout', '--quiet', '--detach');
  made.git('branch', '-D', 'main');
  importHistory(made, story);
  const html = made.aynig(['trace', '--all', '-o', '-']).stdout;
  return { html, commits: Object.fromEntries(revisions.map((revision) => [revision, made.head(revision)])) };
}

let told: Traced | undefined;
/** The page of the {@link story}, made once. */
function theStory(): Traced {
  told ??= pageOf(story, 'main', 'main~1', 'main~2', 'job', 'job~2');
  return told;
}

async function open(html: string, { hash = '', bypassCSP = false, dark = false, before = '' } = {}): Promise<Watched> {
  const file = join(temporaryDirectory(), 'page.html');
  writeFileSync(file, html);
  const context = await (browser as Browser).newContext({
    deviceScaleFactor: 1,
    viewport: { width: 1400, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
    timezoneId: 'Asia/Tokyo',
    bypassCSP,
  });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(`file://${file}`)) complaints.push(`request: ${request.url()}`);
  });
  if (before !== '') await page.addInitScript(before);
  await page.goto(`file://${file}${hash}`);
  return { page, complaints };
}

const shown = (page: Page): Promise<string | null> => page.locator('#details .commit').textContent();

/** Where the drawing has a colour of the legend in the middle of a row: stretches from left to right, in pixels of the drawing. */
const stretches = (page: Page, row: number, phase: string): Promise<[number, number][]> =>
  page.evaluate(`(() => {
    const canvas = document.getElementById('canvas');
    const wanted = getComputedStyle(document.querySelector('.swatch.${phase}')).backgroundColor.match(/\\d+/g).map(Number);
    const ratio = window.devicePixelRatio;
    // Above the letters, below the upper edge.
    const line = canvas.getContext('2d').getImageData(0, Math.round((38 + 32 * ${row} + 9) * ratio), canvas.width, 1).data;
    const found = [];
    for (let x = 0; x < canvas.width; x++) {
      if (!wanted.every((value, at) => Math.abs(line[x * 4 + at] - value) < 3)) continue;
      const last = found.at(-1);
      if (last !== undefined && last[1] >= x / ratio - 3) last[1] = x / ratio;
      else found.push([x / ratio, x / ratio]);
    }
    return found.filter(([from, to]) => to - from > 4);
  })()`);

/** Notes how long frames take, and how long the page works in each that it asks for. */
const measure = `(() => {
  const measured = window.measured = { frames: [], painting: [] };
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (then) => ask((now) => {
    const begin = performance.now();
    then(now);
    measured.painting.push(performance.now() - begin);
  });
  let last = performance.now();
  const next = (now) => { measured.frames.push(now - last); last = now; ask(next); };
  ask(next);
})()`;

describe('the page in a browser', () => {
  test('opens without an error and without asking for anything, and says what it shows', async () => {
    const { page, complaints } = await open(theStory().html);
    expect(await page.title()).toBe('Trace of repo');
    expect(await page.locator('#count').textContent()).toBe('All 6 events on 2 lines');
    expect(await page.locator('#legend li').allTextContents()).toEqual(
      expect.arrayContaining([
        'run that completed',
        'stalled',
        '⚑stall written by another than the holder',
        '◆work kept beside the branch',
      ]),
    );
    await page.locator('#table-body tr').first().getByRole('button').click();
    await page.keyboard.press('Escape');
    for (const button of ['Zoom in', 'Zoom out', 'Fit', 'Change to dark colours']) await page.getByRole('button', { name: button }).click();
    expect(complaints).toEqual([]);
  });

  test('shows the commit of the bar that is clicked', async () => {
    const { html, commits } = theStory();
    const { page } = await open(html);
    const canvas = page.locator('#canvas');
    for (const [row, phase, revision] of [
      [0, 'finished', 'main~1'],
      [0, 'queued', 'main~2'],
      [0, 'resting', 'main'],
    ] as const) {
      const found = await stretches(page, row, phase);
      expect(found, phase).toHaveLength(1);
      const [[from, to] = [0, 0]] = found;
      await canvas.click({ position: { x: (from + to) / 2, y: 38 + 32 * row + 16 } });
      expect(await shown(page), phase).toBe(commits[revision]);
    }
    // A request that waited for 20 seconds, and a run of 60.
    const [[from, to] = [0, 0]] = await stretches(page, 0, 'finished');
    const [[asked, taken] = [0, 0]] = await stretches(page, 0, 'queued');
    expect((to - from) / (taken - asked)).toBeCloseTo(3, 0);
  });

  test('is reached and left by the keyboard alone', async () => {
    const { html, commits } = theStory();
    const { page } = await open(html);
    const focused = (): Promise<string> => page.evaluate('document.activeElement.id || document.activeElement.tagName');
    for (let tabs = 0; tabs < 20 && (await focused()) !== 'timeline'; tabs++) await page.keyboard.press('Tab');
    expect(await focused()).toBe('timeline');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('ArrowRight');
    expect(await shown(page)).toBe(commits['main']);
    await page.keyboard.press('ArrowLeft');
    expect(await shown(page)).toBe(commits['main~1']);
    expect(await page.locator('#live').textContent()).toContain(
      `working (build) on main, 2023-11-14 22:13:50 UTC: aynig: working on build (one). Commit ${commits['main~1']?.slice(0, 12)}`,
    );
    expect(await page.locator('#cursor').isVisible()).toBe(true);
    await page.keyboard.press('ArrowDown');
    expect(await shown(page)).toBe(commits['job~2']);
    await page.keyboard.press('End');
    expect(await shown(page)).toBe(commits['job']);
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('details-title');
    await page.keyboard.press('Escape');
    expect(await focused()).toBe('timeline');
    await page.keyboard.press('/');
    expect(await focused()).toBe('search');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    expect(await page.locator('#details h2').textContent()).toBe('Overview');
  });

  test('shows a bar as large as it can be, beside a commit from the year 9999', async () => {
    const far = [...story, { branch: 'far', at: 253_402_300_000, message: asks('far') }];
    const { page, complaints } = await open(pageOf(far).html);
    const widthOf = async (): Promise<number> => {
      await page.evaluate('new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))');
      return (await page.locator('#cursor').boundingBox())?.width ?? 0;
    };
    await page.locator('#timeline').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    const small = await widthOf();
    expect(small).toBeGreaterThan(50);
    await page.keyboard.press('z');
    const { width = 0 } = (await page.locator('#canvas').boundingBox()) ?? {};
    expect((await widthOf()) / width).toBeCloseTo(0.3, 1);
    await page.keyboard.press('0');
    expect(await widthOf()).toBeCloseTo(small, 0);
    expect(complaints).toEqual([]);
  });

  test('tells of a run what was asked for, what it changed and how it ended', async () => {
    const { html, commits } = theStory();
    const { page } = await open(html, { hash: `#${commits['main']}` });
    const details = page.locator('#details');
    expect(await shown(page)).toBe(commits['main']);
    expect(await details.locator('.chip').allTextContents()).toEqual(['review', 'completion of a run', 'run completed']);
    expect(await details.locator('.diff .added').textContent()).toBe('+made\n');
    expect(await details.locator('pre.prose').textContent()).toBe('build it');
    await page.locator('#table-body tr', { hasText: 'two' }).first().getByRole('button').click();
    expect(await details.locator('.chip').allTextContents()).toEqual(
      expect.arrayContaining(['error', 'written by another than the holder', 'work kept']),
    );
    await details.getByRole('button', { name: '← Earlier' }).click();
    await details.getByRole('button', { name: /^the run of build/ }).click();
    expect(await shown(page)).toBe(commits['main~1']);
  });

  test('shows hostile titles as text', async () => {
    const { html, commits } = theStory();
    const { page, complaints } = await open(html, { hash: `#${commits['job~2']}` });
    const words = hostile.replace('\u202e', '\\u{202e}');
    expect(await page.locator('#details h2').textContent()).toBe(words);
    expect(await page.locator('#table-body tr', { hasText: 'desrever' }).locator('.title').textContent()).toBe(words);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(2);
    expect(await page.title()).toBe('Trace of repo');
    // Nothing could make it more than text: not even a script of the page may turn text into markup.
    expect(
      await page.evaluate(
        `(() => { try { document.body.innerHTML = '<b>x</b>'; return 'taken'; } catch (error) { return error.name; } })()`,
      ),
    ).toBe('TypeError');
    expect(complaints.filter((one) => !one.includes('TrustedHTML'))).toEqual([]);
  });

  test('finds by words, branch, state, outcome, severity and correlation, and finds all again', async () => {
    const { page } = await open(theStory().html);
    const count = page.locator('#count');
    const waitFor = (text: string) => expect.poll(() => count.textContent()).toBe(text);
    await page.locator('#search').fill('look AT');
    await waitFor('1 event of 6 on 1 line');
    expect(await page.locator('#table-body tr .title').allTextContents()).toEqual(['look at it']);
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await count.textContent()).toBe('All 6 events on 2 lines');
    await page.locator('#branch').fill('jo*');
    await waitFor('3 events of 6 on 1 line');
    await page.locator('#severity').selectOption('error');
    await waitFor('1 event of 6 on 1 line');
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('#state').selectOption('check');
    await waitFor('2 events of 6 on 1 line');
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('#outcome').selectOption('completed');
    await waitFor('2 events of 6 on 1 line');
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('#correlation').fill('c-1');
    await waitFor('3 events of 6 on 1 line');
    await page.locator('#search').fill('nothing says this');
    await waitFor('0 events of 6 on 0 lines');
    expect(await page.locator('#nothing').textContent()).toBe('No event matches what is looked for.');
  });

  test.each([false, true])('is light or dark as the system is, until the reader changes it (dark: %s)', async (dark) => {
    const { page } = await open(theStory().html, { dark });
    const brightness = `((colour) => colour.slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3)`;
    const ofPage = (): Promise<number> => page.evaluate(`${brightness}(getComputedStyle(document.body).backgroundColor.match(/\\d+/g))`);
    const ofDrawing = (): Promise<number> =>
      page.evaluate(`${brightness}([...document.getElementById('canvas').getContext('2d').getImageData(3, 3, 1, 1).data])`);
    const isDark = async (): Promise<boolean[]> => [(await ofPage()) < 60, (await ofDrawing()) < 60];
    expect(await isDark()).toEqual([dark, dark]);
    await page.locator('#theme').click();
    await page.evaluate('new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))');
    expect(await isDark()).toEqual([!dark, !dark]);
  });

  test('says so where there is nothing, and shows a single event', async () => {
    const empty = await open(pageOf([{ branch: 'main', at: start, message: 'begin\n' }]).html);
    expect(await empty.page.locator('#nothing').textContent()).toContain('no state event here yet');
    const one = pageOf([{ branch: 'only', at: start, message: asks('build', 'the only one') }], 'only');
    const { page, complaints } = await open(one.html);
    await page.locator('#timeline').focus();
    await page.keyboard.press('Enter');
    expect(await shown(page)).toBe(one.commits['only']);
    expect(await page.locator('#cursor').isVisible()).toBe(true);
    expect([...empty.complaints, ...complaints]).toEqual([]);
  });

  test.each([false, true])('breaks no rule that axe knows of (dark: %s)', async (dark) => {
    const { html, commits } = theStory();
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    // Only to bring axe in, which the page's own policy refuses.
    const { page } = await open(html, { dark, hash: dark ? `#${commits['job']}` : '', bypassCSP: true });
    await page.evaluate(axe);
    const { violations } = await page.evaluate<Axe>(`axe.run({ resultTypes: ['violations'] })`);
    expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`))).toEqual([]);
  });

  test('stays usable with 5,000 events', async () => {
    const { html, commits } = pageOf(busyDay({ branches: 20, events: 250, start }), 'job.19');
    const { page, complaints } = await open(html, { before: measure });
    expect(await page.locator('#count').textContent()).toMatch(/^All 5\d\d\d events on 20 lines$/);
    await page.mouse.move(700, 400);
    // What it took to load is not what is measured.
    await page.evaluate('window.measured.frames.length = window.measured.painting.length = 0');
    await page.keyboard.down('Control');
    for (let step = 0; step < 24; step++) await page.mouse.wheel(0, step < 12 ? -60 : 60);
    await page.keyboard.up('Control');
    await page.mouse.down();
    for (let step = 0; step < 24; step++) await page.mouse.move(700 + (step % 12) * 20, 400);
    await page.mouse.up();
    for (const what of ['frames', 'painting']) {
      const times = (await page.evaluate<number[]>(`window.measured.${what}`)).sort((a, b) => a - b);
      expect(times.length).toBeGreaterThan(10);
      const at = (share: number): string => `${times[Math.floor((times.length - 1) * share)]?.toFixed(1)} ms`;
      process.stdout.write(`trace page, 5,000 events, ${what}: ${times.length}, median ${at(0.5)}, 95th ${at(0.95)}, longest ${at(1)}\n`);
    }
    const newest = commits['job.19'] ?? '';
    await page.locator('#search').fill(newest);
    await expect.poll(() => page.locator('#count').textContent()).toMatch(/^1 event of/);
    await page.locator('#table-body button').click();
    expect(await shown(page)).toBe(newest);
    expect(complaints).toEqual([]);
  });
});
