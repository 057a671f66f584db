import { translateFlags } from './dwp-flags.js';
import { doubtsOf, languageOf, renameVariables, whyOfVariable } from './dwp-variables.js';

/** Trailers that have a counterpart of the same name. */
const trailers = [
  'state',
  'origin-state',
  'run-id',
  'runner-id',
  'lease-seconds',
  'stalled-run',
  'attempt',
  'max-attempts',
  'next-on-failure',
  'parent-run',
  'correlation-id',
  'checkpoint',
  'note',
  'log-level',
  'remote',
];
const variables = trailers.map((name) => name.toUpperCase().replaceAll('-', '_'));

// In text such as 'title\n\ndwp-state: x' a letter stands before the name that is no part of it.
const wordStart = '(?:(?<![A-Za-z0-9_-])|(?<=\\\\[nrt]))';
/** Ends a name; a dot and a letter go on with it, as in the name of a file. */
const nameEnd = '(?![A-Za-z0-9_-]|\\.[A-Za-z0-9])';

const likewise = (prefix: string): string => (prefix === 'DWP' ? 'AYNIG' : prefix.startsWith('D') ? 'Aynig' : 'aynig');

/** In this order: the narrower comes first. */
const rules: readonly (readonly [RegExp, (all: string, ...groups: string[]) => string])[] = [
  [
    new RegExp(`${wordStart}(dwp)-source([ \\t]*[:=][ \\t]*)git:`, 'gi'),
    (_, prefix = '', colon = '') => `${likewise(prefix)}-remote${colon}`,
  ],
  [new RegExp(`${wordStart}(dwp)-(${trailers.join('|')})${nameEnd}`, 'gi'), (_, prefix = '', name = '') => `${likewise(prefix)}-${name}`],
  [
    new RegExp(`\\bAYNIG_TRAILER_DWP([-_])(${variables.join('|').replaceAll('_', '[-_]')})(?![A-Za-z0-9_-])`, 'g'),
    (_, mark = '', name = '') => `AYNIG_TRAILER_AYNIG${mark}${name}`,
  ],
  [new RegExp(`${wordStart}DWP_(${variables.join('|')})(?![A-Za-z0-9_])`, 'g'), (_, name = '') => `AYNIG_TRAILER_AYNIG_${name}`],
  // Not behind a name, a bracket or a wildcard: there it is an ending or a property.
  [new RegExp(`(?:(?<![A-Za-z0-9_)\\]}*?])|(?<=\\\\[nrt]))\\.dwp${nameEnd}`, 'g'), () => '.aynig'],
];

const reasons: readonly (readonly [RegExp, string])[] = [
  [/--dwp-state/, 'aynig set-state takes the state as its argument: aynig set-state <state>'],
  [
    /--dwp-remote/,
    '--aynig-remote is a flag of aynig run and cancel: elsewhere leave it out, or ask with aynig set-state <state> --trailer aynig-remote:<remote>',
  ],
  [/dwp[-_]source/i, 'only "git:<remote>" has a counterpart: aynig-remote, in AYNIG_TRAILER_AYNIG_REMOTE without "git:"'],
  [/dwp/i, 'no rule knows it'],
  [
    /(?<![A-Za-z0-9_])SET_STATE(?![A-Za-z0-9_])/,
    "nothing reads what a command prints: end with git commit --allow-empty -m '<title>' -m 'aynig-state: <state>' and exit 0",
  ],
];

export interface LineLeftOver {
  /** Line of the translated text, counted from 1. */
  readonly line: number;
  /** The line as bytes, one a character. */
  readonly text: string;
  readonly why: string;
}

export interface TranslatedText {
  readonly text: string;
  /** How many places were changed. */
  readonly count: number;
  readonly leftOver: readonly LineLeftOver[];
}

/** Translates a text of one file. Text in and out is bytes, one a character, so that no encoding is harmed. */
export function translateText(path: string, original: string): TranslatedText {
  const language = languageOf(path, original);
  const doubts = doubtsOf(original, language);
  let { text, count } = translateFlags(original);
  for (const [expression, instead] of rules)
    text = text.replace(expression, (...match: string[]) => {
      count++;
      return instead(...(match as [string, ...string[]]));
    });
  const renamed = renameVariables(text, language, doubts);
  const leftOver = renamed.text.split(/\r\n|\n|\r/).flatMap((line, index): LineLeftOver[] => {
    const why = reasons.find(([expression]) => expression.test(line))?.[1] ?? whyOfVariable(line, language, doubts);
    return why === undefined ? [] : [{ line: index + 1, text: line, why }];
  });
  return { text: renamed.text, count: count + renamed.count, leftOver };
}
