import { spawnSync } from 'node:child_process';

/** The shells that the ops pack is written for; those that are not here are left out, and said so once. */
export const shells: readonly (readonly string[])[] = [['dash'], ['busybox', 'sh'], ['bash']].filter(([file = '', ...args]) => {
  const there = spawnSync(file, [...args, '-c', 'exit 0']).status === 0;
  if (!there) process.stdout.write(`left out: ${file} is not installed\n`);
  return there;
});

/** The programs that read awk here. */
export const awks: readonly (readonly string[])[] = [['awk'], ['mawk'], ['gawk'], ['original-awk'], ['busybox', 'awk']].filter(
  ([file = '', ...args]) => spawnSync(file, [...args, 'BEGIN { exit 0 }'], { input: '' }).status === 0,
);
