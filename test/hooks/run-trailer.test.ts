import { describe, expect, test } from 'vitest';
import { storedMessage } from '../../src/hooks/edited-message.js';
import { withRunId } from '../../src/hooks/run-trailer.js';
import { parseMessage, trailerValue } from '../../src/kernel/message.js';
import { fc } from '../support/seeded.js';

const runId = '11111111-2222-4333-8444-555555555555';
const added = `aynig-run-id: ${runId}`;
const asItIs = (file: string): string => file;
const edited = (file: string): string => storedMessage(file, { edited: true, mode: 'default', comment: '#' });
const signed = (file: string, stored = asItIs): string | undefined => withRunId(Buffer.from(file), runId, stored)?.toString('utf8');

describe('the id of the run in a message', () => {
  test.each([
    ['behind the state', 't\n\naynig-state: review\n', `t\n\naynig-state: review\n${added}\n`],
    ['without a last newline', 't\n\naynig-state: review', `t\n\naynig-state: review\n${added}`],
    ['with Windows line ends', 't\r\n\r\naynig-state: review\r\n', `t\r\n\r\naynig-state: review\r\n${added}\r\n`],
    [
      'between the trailers of others',
      't\n\nChange-Id: I1\nAynig-State: review\nSigned-off-by: A <a@b>\n',
      `t\n\nChange-Id: I1\nAynig-State: review\n${added}\nSigned-off-by: A <a@b>\n`,
    ],
    [
      'behind the last one',
      't\n\n  aynig-state: quoted\n\naynig-state: review\n',
      `t\n\n  aynig-state: quoted\n\naynig-state: review\n${added}\n`,
    ],
  ])('stands %s', (_, file, expected) => {
    expect(signed(file)).toBe(expected);
  });

  test('leaves comments and what stands below scissors as they are', () => {
    const cut = '# ------------------------ >8 ------------------------\n# Do not modify or remove the line above.\n';
    const tail = `# aynig-state: comment\n#\n${cut}diff --git a/x b/x\n+aynig-state: added\naynig-state: below\n`;
    expect(signed(`t\n\naynig-state: review\n${tail}`, edited)).toBe(`t\n\naynig-state: review\n${added}\n${tail}`);
  });

  test('leaves bytes alone that are no UTF-8', () => {
    const file = Buffer.from('b\xe4h\n\naynig-state: review\nX: \xfc\n', 'latin1');
    expect(withRunId(file, runId, asItIs)?.toString('latin1')).toBe(`b\xe4h\n\naynig-state: review\n${added}\nX: \xfc\n`);
  });

  test('has no place in a message without a state', () => {
    expect(signed('t\n\nbody\n')).toBeUndefined();
    expect(signed('t\n\naynig-state: review\n\nnot the last paragraph\n')).toBeUndefined();
  });

  test('changes nothing else that a message says', () => {
    const line = fc.constantFrom('', 'prose', '# comment', ' indented', 'Key: value', 'aynig-note: n', ' folded', 'aynig-state: early');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(line, { maxLength: 4 }), fc.boolean(), (before, after, comments) => {
        const file = ['t', '', ...before, 'aynig-state: review', ...after, ''].join('\n');
        const stored = comments ? edited : asItIs;
        const parsed = parseMessage(Buffer.from(stored(file)));
        const made = signed(file, stored);
        if (parsed.kind === 'invalid' || trailerValue(parsed.message.trailers, 'aynig-state') === undefined) return;
        const again = parseMessage(Buffer.from(stored(made ?? '')));
        if (again.kind === 'invalid') throw new Error(JSON.stringify({ file, made }));
        const trailers = again.message.trailers.filter(({ key }) => key !== 'aynig-run-id');
        expect({ ...again.message, trailers }).toEqual(parsed.message);
        expect(made?.replace(`\n${added}`, '')).toBe(file);
      }),
      { numRuns: 2000 },
    );
  });
});
