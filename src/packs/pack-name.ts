import type { PackAddress } from './address.js';

const legal = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Whether a pack can be called so: it is typed by people and becomes a key of the lock file. */
export const isPackName = (text: string): boolean => legal.test(text) && !text.includes('..');

/** Folders that every pack may lie in, and that so say nothing about it. */
const commonFolders = ['.', '.aynig', '.dwp'];

/** What a pack is called that does not say so itself: the last part of its folder, else of its repository's address. */
export function defaultName(address: PackAddress, subfolder: string): string {
  const folder = commonFolders.includes(subfolder) ? '' : (subfolder.split('/').at(-1) ?? '');
  const repository = address.url
    .replace(/[/\\]+$/, '')
    .replace(/\/?\.git$/, '')
    .split(/[/:\\]/)
    .at(-1);
  return legalised(folder) ?? legalised(repository ?? '') ?? 'pack';
}

function legalised(text: string): string | undefined {
  const name = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64)
    .replace(/[^a-z0-9]+$/, '');
  return isPackName(name) ? name : undefined;
}
