import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { awks } from '../support/shells.js';

const lib = join(projectRoot, 'ops-workflow-pack/command/.lib');

function through(awk: readonly string[], file: string, text: string | Buffer, env: Record<string, string> = {}): string {
  const [program = '', ...args] = awk;
  const answer = spawnSync(program, [...args, '-f', join(lib, file)], {
    input: text,
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...env },
    timeout: 30_000,
  });
  expect(answer.stderr.toString()).toBe('');
  return answer.stdout.toString('latin1');
}

const letters = 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5lM7';
/** Put together here, so that no scanner takes this file for a leak. */
const of = (...parts: string[]): string => parts.join('');
const pem = (kind: string): string => of('-----BEGIN ', kind, 'PRIVATE', ' KEY-----');
const endPem = (kind: string): string => of('-----END ', kind, 'PRIVATE', ' KEY-----');

/** A line, and what of it must not be left. */
const secrets: readonly (readonly [string, string, string])[] = [
  ['a GitHub token', `push with ${of('ghp', '_', letters)} now`, letters],
  ['a GitHub app token', `"${of('ghs', '_', letters)}"`, letters],
  ['a fine-grained GitHub token', of('github', '_pat_', '11AAAAAAA0', letters), letters],
  ['a GitLab token', `remote: ${of('glpat', '-', letters.slice(0, 20))}`, letters.slice(0, 20)],
  ['a Slack bot token', of('xoxb', '-123456789012-', letters), letters],
  ['a Slack app token', of('xapp', '-1-A123-', letters), letters],
  ['an AWS access key', `key ${of('AKIA', 'IOSFODNN7EXAMPLE')} was used`, 'IOSFODNN7EXAMPLE'],
  ['a temporary AWS key', of('ASIA', 'IOSFODNN7EXAMPLE'), 'IOSFODNN7EXAMPLE'],
  ['an OpenAI key', of('sk', '-', letters), letters],
  ['an Anthropic key', of('sk', '-ant-api03-', letters), letters],
  ['a Stripe key', of('sk', '_live_', letters), letters],
  ['an npm token', of('npm', '_', letters.slice(0, 36)), letters.slice(0, 36)],
  ['a PyPI token', of('pypi', '-', letters, letters), letters],
  ['a Hugging Face token', of('hf', '_', letters), letters],
  ['a Google key', of('AIza', letters.slice(0, 35)), letters.slice(0, 35)],
  ['a SendGrid key', of('SG', '.', letters.slice(0, 22), '.', letters), letters],
  ['a JWT', of('eyJhbGciOiJIUzI1NiJ9', '.', 'eyJzdWIiOiIxIn0', '.', letters), letters],
  ['a header', 'Authorization: Basic YW5hOmh1bnRlcjI=', 'YW5h'],
  ['a header in curl', `curl -H 'authorization: Bearer abc.def' https://example.com/`, 'abc.def'],
  ['a header in JSON', '{"Authorization": "Token 12345"}', '12345'],
  ['a header of another name', '> X-Api-Key: abc123', 'abc123'],
  ['a cookie', 'Set-Cookie: session=deadbeef; Path=/', 'deadbeef'],
  ['a bearer token alone', `using Bearer ${letters} for it`, letters],
  ['a password in a URL', 'fatal: https://ana:hunter2@example.com/repo.git not found', 'hunter2'],
  ['a password in a database URL', 'DATABASE_URL=postgres://app:s3cr%40t@db:5432/app', 's3cr'],
  ['a password with an at sign', 'redis://:p@ss@cache:6379', 'p@ss'],
  ['a token as the user of a URL', `https://${letters}@example.com/repo.git`, letters],
  ['a webhook of Slack', of('https://hooks.', 'slack.com/services/T000/B000/', letters), letters],
  ['a webhook of Discord', of('https://discord.com/api/', 'webhooks/1234/', letters), letters],
  ['a password', 'password=hunter2', 'hunter2'],
  ['a short password', 'PASSWORD: abc', 'abc'],
  ['a password with spaces, quoted', 'db_password = "correct horse battery"', 'horse'],
  ['a password in JSON', '{"password":"hunter2","user":"ana"}', 'hunter2'],
  ['a password in JSON that is quoted', '"{\\"password\\":\\"hunter2\\"}"', 'hunter2'],
  ['a key in YAML', '  api_key: abcdef123', 'abcdef123'],
  ['a secret key of AWS', `aws_secret_access_key = ${letters}`, letters],
  ['a token as an option', './deploy --token abcdef123 --now', 'abcdef123'],
  ['a token as an option with a sign', './deploy --auth-token=abcdef123', 'abcdef123'],
  ['a secret in a query', 'GET /hook?client_secret=abcdef123&x=1', 'abcdef123'],
  ['a private key on one line', `${pem('RSA ')}\\nMIIE${letters}\\n${endPem('RSA ')}`, letters],
  ['a private key', [pem(''), letters, letters, endPem(''), 'after'].join('\n'), letters],
  ['a private key behind times', [`12:00 ${pem('EC ')}`, `12:00 ${letters}`, `12:00 ${endPem('EC ')}`].join('\n'), letters],
  ['the end of a private key', [letters, `${letters}==`, endPem('OPENSSH ')].join('\n'), letters],
  ['the begin of a private key', [pem('OPENSSH '), letters, letters].join('\n'), letters],
];

const harmless: readonly string[] = [
  'the password is wrong',
  'Password:',
  'SyntaxError: Unexpected token: }',
  'max_tokens=4096 total_tokens: 12',
  'the task-management-of-everything-2024 is done',
  'sk-learn is a library, scikit-learn-and-others-too',
  'npm_config_cache=/home/ana/.npm',
  'commit 3f786850e387550fdab836ed7e6dc881de23001b',
  'ssh://git@example.com/repo.git and git@example.com:repo.git',
  'http://localhost:8080/icons/logo@2x.png',
  'mail ana@example.com, see https://example.com/@ana',
  'Authorization is required',
  'bearer of bad news',
  'PWD=/home/ana/work',
  'primary_key=id sort_key: name',
  'refs/aynig/kept/11111111-2222-3333-4444-555555555555-uncommitted',
  'pass: 12 fail: 3',
  'keyboard=us monkey: banana',
  'token',
  'ghp_ is how such a token begins, AKIA too, eyJ as well',
  '-----BEGIN CERTIFICATE-----',
  '2024-01-01T00:00:00Z  abc1234  build  the title: of it',
  '',
];

describe.each(awks.map((awk) => [awk.join(' '), awk] as const))('by %s', (_, awk) => {
  test.each(secrets)('%s is masked', (_name, text, secret) => {
    const left = through(awk, 'mask.awk', `before\n${text}\nafterwards\n`);
    expect(left).not.toContain(secret);
    expect(left).toContain('[masked');
    expect(left.split('\n')[0]).toBe('before');
    expect(left).toContain('afterwards\n');
  });

  test.each(harmless)('is left as it is: %j', (text) => {
    expect(through(awk, 'mask.awk', `${text}\n`)).toBe(`${text}\n`);
  });

  test('values of variables whose names look secret are masked, the longest first, and others are not', () => {
    const env = {
      DEPLOY_TOKEN: 'abcdef',
      DEPLOY_TOKEN_LONG: 'abcdefghij',
      MY_SECRET: 'with.*regex[',
      DB_PASSWORD: 'x+y=z(1)',
      API_KEY: 'short',
      SIGNING_KEY: 'first line\nsecond line',
      KEYBOARD: 'german',
      AYNIG_TRAILER_AYNIG_TOKEN: 'trailer',
      PWD: '/somewhere',
    };
    const text = 'abcdefghij abcdef with.*regex[ x+y=z(1) short first line, second line german trailer /somewhere\n';
    expect(through(awk, 'mask.awk', text, env)).toBe(
      '[masked] [masked] [masked] [masked] short [masked], [masked] german trailer /somewhere\n',
    );
  });

  test('long lines and many lines take no time to speak of', { timeout: 20_000 }, () => {
    through(awk, 'mask.awk', `${'password='.repeat(11_000)}\n${'x'.repeat(200_000)}\n${'a line of a log, 12:00: ok\n'.repeat(5_000)}`);
    through(awk, 'mask.awk', `${'word-'.repeat(1_600)}\n`.repeat(30));
  });

  test('a line that is cut shows no half of a secret', () => {
    for (const before of [8150, 8190, 12_240, 12_280]) {
      const left = through(awk, 'mask.awk', `${'word '.repeat(before / 5)}${of('ghp', '_', letters)} ${'word '.repeat(2000)}\n`);
      expect(left).not.toContain(letters.slice(0, 6));
      expect(left).toMatch(/\[\d+ bytes more\]\n$/);
      expect(left.length).toBeLessThan(8300);
    }
  });

  test('a log without what only a terminal understands keeps its words', () => {
    const raw =
      '\x1b[31mred\x1b[0m \x1b]0;a title\x07plain \x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\\x1b(B\r\n10%\r50%\r100%\r\nbell\x07 back\b tab\there \x9b\x00';
    expect(through(awk, 'plain.awk', Buffer.from(raw.replace('\x9b\x00', ''), 'latin1'))).toBe(
      'red plain link\n10%\n50%\n100%\nbell back tab\there \n',
    );
    expect(through(awk, 'plain.awk', Buffer.from('a\u202Eb\u009Bc\u2066d é 日\n'))).toBe(Buffer.from('abcd é 日\n').toString('latin1'));
  });
});

test('there are enough of both', () => {
  process.stdout.write(
    `${secrets.length} secrets and ${harmless.length} harmless lines, by ${awks.map((awk) => awk.join(' ')).join(', ')}\n`,
  );
  expect(secrets.length).toBeGreaterThanOrEqual(25);
  expect(harmless.length).toBeGreaterThanOrEqual(15);
});
