import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jsonSchema } from '../../src/observe/schemas.js';
import { readManifest } from '../../src/packs/manifest.js';
import { projectRoot } from '../support/scratch.js';

const standing = { cwd: '/nowhere', base: '/nowhere' };

describe('a manifest', () => {
  it.each<[string, unknown, string]>([
    ['is no object', [], 'the whole'],
    ['is null', null, 'the whole'],
    ['has a number as its name', { name: 1 }, 'name'],
    ['has a name that nobody could type', { name: 'My Pack' }, 'name'],
    ['has a name that leads out', { name: 'a..b' }, 'name'],
    ['has no text as its version', { version: 2 }, 'version'],
    ['has a list of states', { states: [] }, 'states'],
    ['has a state that is text', { states: { build: 'builds' } }, 'states.build'],
    ['has a state that no run can have', { states: { Build: {} } }, 'states.Build'],
    ['has a state with a trailer that is none', { states: { build: { reads: ['a b'] } } }, 'states.build.reads.0'],
    ['has a state with a next one that is none', { states: { build: { next: ['../x'] } } }, 'states.build.next.0'],
    ['has a program without a name', { programs: [{ for: 'x' }] }, 'programs.0.name'],
    ['has a program that is optional perhaps', { programs: [{ name: 'curl', optional: 'perhaps' }] }, 'programs.0.optional'],
    ['builds on a pack without an address', { packs: [{}] }, 'packs.0.source'],
    ['builds on a command', { packs: [{ source: 'ext::sh -c x' }] }, 'packs.0.source'],
    ['builds on an option', { packs: [{ source: 'a/b' }, { source: '--upload-pack=x' }] }, 'packs.1.source'],
    ['builds on a ref that is an option', { packs: [{ source: 'a/b', ref: '-x' }] }, 'packs.0.ref'],
    ['builds on a folder outside', { packs: [{ source: 'a/b', subfolder: '../x' }] }, 'packs.0.subfolder'],
    ['builds on too many', { packs: Array.from({ length: 17 }, () => ({ source: 'a/b' })) }, 'packs'],
  ])('that %s fails and names the key', (_, json, key) => {
    expect(() => readManifest(json, standing)).toThrow(
      expect.objectContaining({
        code: 'pack-manifest',
        message: expect.stringMatching(new RegExp(` ${key.replaceAll('.', '[.]')} (?!is wrong)`)),
      }),
    );
  });

  it('with a secret in an address does not get that printed', () => {
    expect(() => readManifest({ packs: [{ source: 'https://x:s3cret@example.com/a' }] }, standing)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('s3cret') }),
    );
  });

  it('may say nothing, and what is not understood is named', () => {
    expect(readManifest({}, standing)).toEqual({ manifest: {}, needs: [], unknown: [] });
    const odd = { name: 'a', colour: 'red', states: { build: { description: 'x', cost: 1 } }, programs: [{ name: 'curl', url: 'x' }] };
    expect(readManifest(odd, standing).unknown).toEqual(['colour', 'states.build.cost', 'programs.0.url']);
    expect(readManifest(JSON.parse('{"__proto__": {"name": 1}, "constructor": 1}'), standing).unknown).toEqual([
      '__proto__',
      'constructor',
    ]);
  });

  it('names the packs that it builds on by addresses that git can use', () => {
    const { needs } = readManifest({ packs: [{ source: 'a/b', ref: 'v1', subfolder: 'x/' }, { source: '../c' }] }, standing);
    expect(needs).toMatchObject([
      { address: { url: 'https://github.com/a/b.git' }, ref: 'v1', subfolder: 'x' },
      { address: { source: '../c' } },
    ]);
  });

  it('of the ops pack is right', () => {
    const json: unknown = JSON.parse(readFileSync(join(projectRoot, 'ops-workflow-pack/pack.json'), 'utf8'));
    expect(readManifest(json, standing)).toMatchObject({ unknown: [], manifest: { name: 'ops' } });
  });

  it('has a schema that can be printed', () => {
    expect(jsonSchema('pack')).toMatchObject({ type: 'object', properties: { packs: { maxItems: 16 } } });
  });
});
