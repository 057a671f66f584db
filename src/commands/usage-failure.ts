import { Failure } from '../failure.js';

/**
 * What a command line that yargs did not understand fails with: its own sentence, and as the next step the help of the verb that
 * was named, or the verb that was most likely meant. `args` is the command line without the program.
 */
export function usageFailure(message: string, args: readonly string[]): Failure {
  const verb = verbOf(args);
  const [, alike] = /^Did you mean (\S+)\?$/.exec(message) ?? [];
  if (alike !== undefined) return new Failure('usage', `There is no verb ${verb ?? ''}.`, { hint: `Did you mean: aynig ${alike}` });
  const [, unknown = ''] = /^Unknown arguments?: (.*)$/.exec(message) ?? [];
  const isVerb = verb !== undefined && !unknown.split(', ').includes(verb);
  return new Failure('usage', message.replace(/\s*\n\s*/g, ' ').trim(), {
    hint: isVerb ? `See what it takes with: aynig ${verb} --help` : 'See the verbs and options with: aynig --help',
  });
}

/** The first word that is neither an option nor the folder of `-C`. */
const verbOf = (args: readonly string[]): string | undefined => args.find((word, at) => !word.startsWith('-') && args[at - 1] !== '-C');
