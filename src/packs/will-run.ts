import { readState } from '../state-name.js';
import type { Here } from './here.js';
import type { NewFile } from './plan.js';

type File = Pick<NewFile, 'path' | 'mode' | 'bytes'>;

/** Whether a file lies where the command of a state does, executable or not. */
function isInPlaceOfCommand({ path }: Pick<File, 'path'>): boolean {
  const name = /^(?:roles\/[^/]+\/)?command\/(.+)$/.exec(path)?.[1];
  return name !== undefined && readState(name) === name;
}

const lfsPointer = 'version https://git-lfs.github.com/spec/v1\n';
/** Beginnings of programs that a system loads itself: ELF, Mach-O in its four forms and as a universal one, PE. */
const programs = ['7f454c46', 'feedface', 'feedfacf', 'cefaedfe', 'cffaedfe', 'cafebabe', '4d5a'].map((hex) => Buffer.from(hex, 'hex'));
const beginsWith = (bytes: Buffer, start: Buffer | string): boolean => bytes.subarray(0, start.length).equals(Buffer.from(start));

/** Why a command of a pack will not run as it is, as far as its mode and its first bytes tell; undefined where nothing speaks against it. */
export function whyNotRun(file: File): string | undefined {
  const { mode, bytes } = file;
  if (!isInPlaceOfCommand(file)) return undefined;
  if (beginsWith(bytes, lfsPointer)) return 'is a pointer of Git LFS and not the command itself, so it will not run';
  const isScript = beginsWith(bytes, '#!');
  if (mode !== '100755') return isScript ? 'is not executable in the pack, so no state has it for its command' : undefined;
  if (isScript)
    return /^[^\n]*\r\n/.test(bytes.subarray(0, 1024).toString('latin1'))
      ? 'has CRLF line ends, so its interpreter is not found and it will not run'
      : undefined;
  return programs.some((start) => beginsWith(bytes, start))
    ? undefined
    : 'has no #! line, so it runs only where the system takes it for a shell script';
}

/**
 * The commands among these files that git would write with CRLF here, by `core.autocrlf` or an attribute (gitattributes(5)): the
 * kernel runs no command whose file is not as it is committed.
 */
export async function convertedCommands({ git }: Pick<Here, 'git'>, files: readonly File[]): Promise<string[]> {
  const texts = files.filter((file) => file.mode === '100755' && isInPlaceOfCommand(file) && !file.bytes.includes(0));
  if (texts.length === 0) return [];
  const setting = await git(['config', '--get', 'core.autocrlf'], { ok: [0, 1] });
  const automatic = /^(?:true|yes|on|1)$/i.test(setting.stdout.toString('utf8').trim());
  const input = texts.map(({ path }) => `.aynig/${path}\0`).join('');
  const answer = (await git(['check-attr', '-z', '--stdin', 'text', 'eol'], { input })).stdout.toString('utf8').split('\0');
  const values = new Map<string, string>();
  for (let at = 0; at + 2 < answer.length; at += 3) values.set(`${answer[at]} ${answer[at + 1]}`, answer[at + 2] ?? '');
  return texts
    .map(({ path }) => path)
    .filter((path) => {
      const [text, eol] = [values.get(`.aynig/${path} text`), values.get(`.aynig/${path} eol`)];
      return text !== 'unset' && (eol === 'crlf' || (automatic && eol !== 'lf'));
    });
}
