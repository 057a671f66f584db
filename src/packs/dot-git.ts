/** HFS+ leaves these out of a name (git's utf8.c, next_hfs_char): with them in it, `.git` is still `.git` on a Mac. */
const ignorable = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** A name as the most careless file system reads it: NTFS drops a stream and dots and spaces at the end, HFS+ drops what cannot be seen. */
const carelessly = (name: string): string =>
  name
    .replace(ignorable, '')
    .replace(/:.*$/su, '')
    .replace(/[. ]+$/, '')
    .toLowerCase();

/** Whether some file system opens `.git` by this name: other case, invisible characters, an NTFS short name or stream. */
export const isDotGit = (name: string): boolean => /^(?:\.git|git~\d+)$/.test(carelessly(name));

/** The files that git reads in a working tree, and the short names that NTFS gives them (git's path.c, is_ntfs_dot_git…). */
const gitFiles: Readonly<Record<string, RegExp>> = {
  '.gitmodules': /^(?:\.gitmodules|gitmod~\d|gi7eba~\d)$/,
  '.gitattributes': /^(?:\.gitattributes|gitatt~\d|gi7d29~\d)$/,
  '.gitignore': /^(?:\.gitignore|gitign~\d|gi250a~\d)$/,
};

/** Which of git's own files some file system opens by this name; undefined for none. */
export const gitFileOf = (name: string): string | undefined =>
  Object.keys(gitFiles).find((file) => gitFiles[file]?.test(carelessly(name)) === true);
