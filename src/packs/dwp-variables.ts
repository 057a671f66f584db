/**
 * Variables whose earlier names are plain words. They are translated where the text can mean nothing but the variable of the
 * environment, in whichever of a few languages.
 */

/** Earlier names of what is `AYNIG_<name>` now. */
const moved = ['BODY', 'COMMIT_HASH', 'LOG_LEVEL', 'ROLE'];
/** Names that nothing stands for now, with what to do instead. */
const gone: Readonly<Record<string, string>> = {
  LOG_PATH: 'there is no such variable: what a command prints goes to .aynig/logs/<AYNIG_COMMIT_HASH>.log',
  STDOUT_LOG_PATH: 'there is no such variable: print to standard output, which goes to .aynig/logs/<AYNIG_COMMIT_HASH>.log',
  STDERR_LOG_PATH: 'there is no such variable: print to standard error, which goes to .aynig/logs/<AYNIG_COMMIT_HASH>.log',
  WORKTREE_PATH: 'there is no such variable: a command starts in its worktree, so its first working directory is the path',
};

export type Language = 'javascript' | 'sigils' | 'yaml' | 'other';

/** Which rules a file is read by: its name says so, else its first line. `sigils`: the names of its own variables begin with `$`. */
export function languageOf(path: string, text: string): Language {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const program = /^#!.*?\b(node|deno|bun|perl|php)\b/.exec(text.slice(0, 200))?.[1];
  if (/\.(?:[cm]?[jt]s|[jt]sx)$/i.test(name) || program === 'node' || program === 'deno' || program === 'bun') return 'javascript';
  if (/\.(?:pl|pm|php)$/i.test(name) || program !== undefined) return 'sigils';
  return /\.ya?ml$/i.test(name) ? 'yaml' : 'other';
}

/** One way to write a variable: the expression has what stands before the name as its first group, and the name as its second. */
interface Form {
  readonly expression: RegExp;
  /** The environment and nothing else is meant: a variable of the same name in the script is another one. */
  readonly explicit: boolean;
  readonly languages?: readonly Language[];
}

const formsOf = (names: string): readonly Form[] => [
  // Two dollars are the number of the shell's process, or one dollar for make.
  { expression: new RegExp(`((?<!\\$)\\$)(${names})(?![A-Za-z0-9_])`, 'g'), explicit: false, languages: ['javascript', 'yaml', 'other'] },
  { expression: new RegExp(`((?<!\\$)\\$\\{#?)(${names})(?![A-Za-z0-9_])`, 'g'), explicit: false, languages: ['yaml', 'other'] },
  // In a template of JavaScript a dollar and a brace are the shell's only behind a backslash.
  { expression: new RegExp(`(\\\\\\$\\{#?)(${names})(?![A-Za-z0-9_])`, 'g'), explicit: false, languages: ['javascript'] },
  { expression: new RegExp(`(\\$[eE]nv:)(${names})(?![A-Za-z0-9_])`, 'g'), explicit: true },
  { expression: new RegExp(`(\\bprocess\\.env\\??\\.)(${names})(?![A-Za-z0-9_$])`, 'g'), explicit: true },
  { expression: new RegExp(`(\\bprocess\\.env(?:\\?\\.)?\\[\\s*['"\`])(${names})(?=['"\`]\\s*\\])`, 'g'), explicit: true },
  { expression: new RegExp(`((?<![\\w])(?:os\\.)?environ(?:\\.get\\(|\\[)\\s*['"])(${names})(?=['"])`, 'g'), explicit: true },
  { expression: new RegExp(`((?<![\\w])(?:os\\.)?[gG]etenv\\(\\s*['"])(${names})(?=['"])`, 'g'), explicit: true },
  { expression: new RegExp(`((?<![\\w.])ENV(?:\\[|\\.fetch[( ])\\s*['"])(${names})(?=['"])`, 'g'), explicit: true },
  { expression: new RegExp(`(\\$ENV\\{\\s*['"]?)(${names})(?=['"]?\\s*\\})`, 'g'), explicit: true },
  { expression: new RegExp(`(\\bprintenv\\s+)(${names})(?![A-Za-z0-9_])`, 'g'), explicit: true },
];
const forms = formsOf(moved.join('|'));
const goneForms = formsOf(Object.keys(gone).join('|'));
/** What may be the variable of a run and may be another. */
const doubtful: readonly Form[] = [
  { expression: new RegExp(`((?<!\\\\)\\$\\{)(${moved.join('|')})(?![A-Za-z0-9_])`, 'g'), explicit: false, languages: ['javascript'] },
  {
    expression: new RegExp(`(\\$\\{!|\\$\\$\\{?)(${moved.join('|')})(?![A-Za-z0-9_])`, 'g'),
    explicit: false,
    languages: ['yaml', 'other'],
  },
];

const anyName = new RegExp([...moved, ...Object.keys(gone)].join('|'));

const isFor = (form: Form, language: Language): boolean => form.languages?.includes(language) ?? true;

/** Whether the script has a variable of that name of its own. Says yes rather than no. Repeats are bounded: a stranger wrote the text. */
function givesItself(name: string, text: string, language: Language): boolean {
  const assigned = [
    `(?<![\\w$.{'"-])${name}(?:\\[[^\\]\\n]{0,200}\\])?\\+?=(?![=~>])`,
    `^[ \\t]*(?:(?:export|const|let|var|my|our|local)[ \\t]+)*[$@]?${name}[ \\t]*(?::[^=\\n]*)?[ \\t](?:\\+|\\|\\||\\?\\?)?=(?![=~>])`,
    `(?:^|[;&|({!]|\\b(?:while|until|if|do|then|else)\\b)[ \\t]*(?:read|local|declare|typeset|readonly|export|unset|mapfile|readarray|for|foreach|import|printf -v)[ \\t][^;|&\\n]{0,200}?(?<![$\\w{])${name}\\b`,
    ...(language === 'yaml' ? [`^[ \\t-]*${name}[ \\t]*:`] : []),
  ];
  if (new RegExp(assigned.join('|'), 'm').test(text)) return true;
  const word = new RegExp(`(?<![\\w$.])${name}\\b`);
  return [...text.matchAll(/(?<!\$)\{([^{}]*)\}\s*=(?!=)/g)].some(([, names = '']) => word.test(names));
}

/** Whether the script changes what its environment says. */
const setsEnvironment = (name: string, text: string): boolean =>
  new RegExp(
    `(?:process\\.env\\.|(?:process\\.env|environ|ENV)[[{]\\s*['"]?|\\$env:)${name}['"]?\\s*[\\]}]?\\s*(?:\\|\\||\\?\\?)?=(?![=~>])`,
  ).test(text);

/** Names of which no one can say whether the run's are meant. */
export interface Doubts {
  readonly plain: ReadonlySet<string>;
  readonly explicit: ReadonlySet<string>;
}

export function doubtsOf(text: string, language: Language): Doubts {
  const used = moved.filter((name) => text.includes(name));
  return {
    plain: new Set(used.filter((name) => givesItself(name, text, language))),
    explicit: new Set(used.filter((name) => setsEnvironment(name, text))),
  };
}

/** Gives the variables of a run their names of now, and says how many. */
export function renameVariables(text: string, language: Language, doubts: Doubts): { text: string; count: number } {
  let count = 0;
  let renamed = text;
  for (const form of forms.filter((each) => isFor(each, language)))
    renamed = renamed.replace(form.expression, (all: string, before: string, name: string) => {
      if ((form.explicit ? doubts.explicit : doubts.plain).has(name)) return all;
      count++;
      return `${before}AYNIG_${name}`;
    });
  return { text: renamed, count };
}

/** Why a line of a translated text needs a person; undefined when it does not. */
export function whyOfVariable(line: string, language: Language, doubts: Doubts): string | undefined {
  if (!anyName.test(line)) return undefined;
  const named = (of: readonly Form[]): { name: string; explicit: boolean }[] =>
    of
      .filter((form) => isFor(form, language))
      .flatMap(({ expression, explicit }) => [...line.matchAll(expression)].map(([, , name = '']) => ({ name, explicit })));
  for (const { name } of named(goneForms)) return gone[name];
  for (const { name, explicit } of named(forms))
    if ((explicit ? doubts.explicit : doubts.plain).has(name))
      return `unsure: the file gives ${name} a value itself; write AYNIG_${name} where that of the run is meant`;
  // A variable of JavaScript that the file has itself is no matter of the environment.
  for (const { name } of named(doubtful))
    if (language !== 'javascript' || !doubts.plain.has(name)) return `unsure: write AYNIG_${name} where the variable of the run is meant`;
  return undefined;
}
