import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { withOpsPack } from '../support/ops-pack.js';
import { webhook } from '../support/webhook.js';
import { skipBecause, Workspace } from '../support/workspace.js';

const hasCurl = spawnSync('curl', ['--version']).status === 0;
const without = (context: TestContext): void => skipBecause('a webhook is called by curl, which is not installed', context);

/** A repository whose PATH has stand-ins in front; those named in `settings` are set. */
function made(settings: Readonly<Record<string, string>>, standIns: Readonly<Record<string, string>> = {}): Workspace {
  const plain = withOpsPack();
  for (const [name, text] of Object.entries(standIns)) plain.script(`bin/${name}`, text);
  for (const [name, value] of Object.entries(settings)) plain.git('config', `aynig.ops.${name}`, value);
  return new Workspace(plain.root, plain.path, { ...plain.env, PATH: `${plain.root}/bin:${plain.env['PATH']}` });
}

async function ask(repo: Workspace, { title = 'Deployed', body = 'All is well.', trailers = [] as string[], end = 'done' } = {}) {
  repo.gitAnswer(['commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--file=-'], {
    input: `${title}\n\n${body}\n\n${['aynig-state: ops-notify', ...trailers].join('\n')}\n`,
    expected: 0,
  });
  await repo.untilState(end);
  await repo.untilQuiet();
}

const logs = (repo: Workspace): string =>
  readdirSync(join(repo.path, '.aynig/logs'))
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(join(repo.path, '.aynig/logs', name), 'utf8'))
    .join('');

/** The same call, which waits so many seconds for an answer: the server is in this process, which waits for git meanwhile. */
function patientCurl(seconds: number, more = ''): string {
  const real = spawnSync('sh', ['-c', 'command -v curl']).stdout.toString().trim();
  return `exec ${real} "$@" --max-time ${seconds} ${more}`;
}

const hostile = 'quote " backslash \\ tab\there <!channel> @everyone & é 日 🙂 $(id) `id`';

describe('where nobody is to be told', () => {
  test('it goes on, and hands on what it was given', async () => {
    const repo = made({});
    await ask(repo, { trailers: ['aynig-correlation-id: c-1', 'aynig-next: Review', 'aynig-note: old'], end: 'review' });
    expect(logs(repo)).toContain('aynig.ops.notify is not set');
    expect(repo.git('log', '-1', '--format=%B')).toMatch(
      /^Deployed\n\nAll is well\.\n\naynig-correlation-id: c-1\naynig-state: review\naynig-run-id: \S+\n+$/,
    );
  });

  test.each(['stalled', 'working', '../x'])('a next state that cannot follow ends in "failed": %s', async (next) => {
    const repo = made({});
    await ask(repo, { trailers: [`aynig-next: ${next}`], end: 'failed' });
    expect(repo.trailer('aynig-note')).toContain(`aynig-next is "${next}"`);
  });

  test('an adapter that is none is said, and nothing of it is run', async () => {
    const repo = made({ notify: 'pigeon made $(id) *' });
    await ask(repo);
    expect(repo.trailer('aynig-note')).toContain('not sent by pigeon: there is no adapter of that name');
  });
});

describe('a webhook', () => {
  test('gets valid JSON, whatever the words are, and its address stays out of logs, commits and process lists', async (context) => {
    if (!hasCurl) return without(context);
    const { address, received } = await webhook();
    const repo = made(
      { notify: 'webhook', webhookUrl: address },
      { curl: `printf '%s\\n' "$*" >"$HOME/arguments"; env >"$HOME/environment"; ${patientCurl(40)}` },
    );
    await ask(repo, {
      title: `Title ${hostile}`,
      body: `${hostile}\nsecond line\npassword=hunter2`,
      trailers: ['aynig-correlation-id: c-1'],
    });
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ method: 'POST', url: '/hook/very-secret-path', type: 'application/json' });
    const { title, text, ...rest } = JSON.parse(received[0]?.body ?? '') as Record<string, string>;
    expect(title).toBe(`main: Title ${hostile.replace('\t', ' ')}`);
    expect(text).toBe(`${hostile}\nsecond line\npassword=[masked]`);
    expect(rest).toMatchObject({ branch: 'main', correlation: 'c-1', commit: repo.head('HEAD~2') });
    expect(repo.trailer('aynig-note')).toBe('');
    for (const place of [repo.note('arguments'), repo.note('environment'), logs(repo), repo.git('log', '-3', '--format=%B')])
      expect(place).not.toContain('very-secret-path');
    expect(repo.note('arguments')).toContain('--max-time 10');
    // What is handed on is the text itself.
    expect(repo.git('log', '-1', '--format=%B')).toContain('password=hunter2');
  });

  test('of Slack or Discord gets what that takes, and calls nobody', async (context) => {
    if (!hasCurl) return without(context);
    const { address, received } = await webhook();
    const repo = made({ notify: 'webhook', webhookUrl: address, webhookFormat: 'slack' }, { curl: patientCurl(40) });
    await ask(repo, { title: 'T', body: hostile });
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({
      text: `*main: T*\n${hostile.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}`,
    });
    repo.git('config', 'aynig.ops.webhookFormat', 'discord');
    await ask(repo, { title: 'T', body: '🙂'.repeat(2000) });
    const sent = JSON.parse(received[1]?.body ?? '') as { content: string; allowed_mentions: unknown };
    expect(sent.allowed_mentions).toEqual({ parse: [] });
    expect(sent.content.length).toBeLessThan(2000);
    expect(sent.content).toMatch(/^\*\*main: T\*\*\n(🙂)+$/u);
  });

  test.for<[string, number | 'never' | 'closed', RegExp]>([
    ['refuses', 403, /not sent by webhook: it answered with HTTP 403/],
    ['is broken', 500, /not sent by webhook: it answered with HTTP 500/],
    ['hangs', 'never', /not sent by webhook: it did not answer in time/],
    ['is not there', 'closed', /not sent by webhook: nobody answered there/],
  ])('that %s does not fail the workflow', { timeout: 90_000 }, async ([, status, note], context) => {
    if (!hasCurl) return without(context);
    const { address, received } = await webhook(status === 'closed' ? 200 : status);
    // Nobody listens on port 1; one that was left a moment ago may be somebody else's by now.
    const webhookUrl = status === 'closed' ? 'http://127.0.0.1:1/very-secret-path' : address;
    // The same call with fewer tries, and with little patience only where nobody answers.
    const repo = made({ notify: 'webhook', webhookUrl }, { curl: patientCurl(status === 'never' ? 1 : 40, '--retry 1') });
    await ask(repo);
    expect(repo.trailer('aynig-note')).toMatch(note);
    expect(logs(repo)).toMatch(note);
    expect(logs(repo)).not.toContain('very-secret-path');
    if (status === 500) expect(received.length).toBe(2);
  });

  test.each([
    '',
    'file:///etc/passwd',
    'ftp://example.com/',
    'http://',
    'http://x\n--output /tmp/x',
    'http://a b',
    'http://x/"\\',
    '-K/etc/passwd',
  ])('is not called at an address that is none: %j', async (address) => {
    const repo = made({ notify: 'webhook', webhookUrl: address }, { curl: 'touch "$HOME/called"' });
    await ask(repo);
    expect(repo.trailer('aynig-note')).toMatch(/not sent by webhook: aynig\.ops\.webhookUrl is (not set|no address of http or https)/);
    expect(repo.noted('called')).toBe(false);
  });

  test('is never taken from a request', async () => {
    const repo = made({ notify: 'webhook' }, { curl: 'touch "$HOME/called"' });
    await ask(repo, { trailers: ['aynig-ops-webhookurl: http://127.0.0.1:1/', 'webhookUrl: http://127.0.0.1:1/'] });
    expect(repo.noted('called')).toBe(false);
  });
});

describe('a mail', () => {
  const sendmail = 'printf "%s\\n" "$@" >"$HOME/arguments"; cat >"$HOME/letter"';
  const settings = { notify: 'mail', mailTo: 'ops@example.com, second@example.com', mailFrom: 'aynig@example.com' };

  /** The headers with folded lines joined, and the body decoded. */
  function letter(repo: Workspace): { headers: Map<string, string>; body: string } {
    const [head = '', ...rest] = repo.note('letter').split('\n\n');
    for (const line of repo.note('letter').split('\n')) expect(line.length).toBeLessThanOrEqual(78);
    const lines = head.replace(/\n /g, ' ').split('\n');
    const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
    expect(headers.size).toBe(lines.length);
    const decoded = (text: string): string =>
      Buffer.from(
        text.replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
        'latin1',
      ).toString('utf8');
    const subject = headers.get('Subject') ?? '';
    if (subject.startsWith('=?'))
      headers.set(
        'Subject',
        subject
          .split(' ')
          // Each word by itself: none may end in the middle of a character.
          .map((word) => decoded((/^=\?UTF-8\?Q\?(.*)\?=$/.exec(word)?.[1] ?? '').replaceAll('_', ' ')))
          .join(''),
      );
    return { headers, body: decoded(rest.join('\n\n').replace(/=\n/g, '')) };
  }

  test('arrives as it was written, and no title can add a header', async () => {
    const repo = made(settings, { sendmail });
    const title = `Prüfung ${hostile.replace('\t', ' ')} ${'日本'.repeat(60)}`;
    const body = `${hostile}\n.\n\nFrom me\n${'long '.repeat(100)}\ntrailing  \nBcc: x@example.com`;
    await ask(repo, { title, body });
    const { headers, body: received } = letter(repo);
    expect([...headers.keys()]).toEqual([
      'From',
      'To',
      'Subject',
      'MIME-Version',
      'Content-Type',
      'Content-Transfer-Encoding',
      'Auto-Submitted',
    ]);
    expect(headers.get('To')).toBe(settings.mailTo);
    expect(headers.get('From')).toBe(settings.mailFrom);
    expect(headers.get('Subject')).toBe(`main: ${title}`);
    expect(received).toBe(`${body}\n`);
    expect(repo.note('arguments')).toBe('-i\n-t\n');
    expect(repo.trailer('aynig-note')).toBe('');
  });

  test.each<[string, Record<string, string>, string, RegExp]>([
    ['fails', settings, 'exit 75', /not sent by mail: sendmail ended with 75/],
    ['has nobody to go to', { notify: 'mail' }, sendmail, /aynig\.ops\.mailTo is not set/],
    ['has an address with a newline', { ...settings, mailTo: 'a@example.com\nBcc: b@example.com' }, sendmail, /is no address/],
    ['has an address that is an option', { ...settings, mailTo: '-oQ/tmp@x' }, sendmail, /is no address/],
    ['has a sender with a header in it', { ...settings, mailFrom: 'a@example.com>\r\nBcc: x' }, sendmail, /is no address/],
  ])('that %s does not fail the workflow', async (_, set, script, note) => {
    const repo = made(set, { sendmail: script });
    await ask(repo);
    expect(repo.trailer('aynig-note')).toMatch(note);
    expect(repo.noted('letter')).toBe(false);
  });

  test('program that hangs is ended, and does not fail the workflow', async () => {
    const repo = made(settings, { sendmail: 'echo $$ >"$HOME/pid"; exec sleep 600' });
    repo.git('config', 'aynig.timeoutSeconds', '100');
    repo.gitAnswer(['commit', '--quiet', '--allow-empty', '-m', 'x', '-m', 'aynig-state: ops-notify'], { expected: 0 });
    const deadline = Date.now() + 100_000;
    while (repo.state() !== 'done' && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 200));
    expect(repo.trailer('aynig-note')).toContain('not sent by mail: sendmail did not end in time');
    expect(spawnSync('kill', ['-0', repo.note('pid').trim()]).status).not.toBe(0);
  }, 120_000);
});

describe('a notice on the desktop', () => {
  test('is shown with its text escaped, and beside adapters that fail', async () => {
    const repo = made({ notify: 'mail desktop' }, { 'notify-send': 'for word; do printf "<%s>\\n" "$word"; done >"$HOME/shown"' });
    await ask(repo, { title: '--help & more', body: '--urgency=low <b>bold</b> & "quoted" \\ é\nsecond' });
    expect(repo.note('shown')).toBe('<-->\n<main: --help & more>\n<--urgency=low &lt;b&gt;bold&lt;/b&gt; &amp; "quoted" \\ é second>\n');
    expect(repo.trailer('aynig-note')).toBe('not sent by mail: aynig.ops.mailTo is not set');
  });

  test('that nothing can show is said', async () => {
    const repo = made({ notify: 'desktop' });
    const known = ['notify-send', 'terminal-notifier', 'osascript'].some(
      (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0,
    );
    await ask(repo);
    if (!known) expect(repo.trailer('aynig-note')).toContain('no notify-send, terminal-notifier or osascript is installed');
  });
});
