export interface Option {
  readonly spellings: readonly string[];
  /** What the help calls the value, or its type; null where the option takes none. */
  readonly value: string | null;
  /** Those that it allows, where it lists them. */
  readonly values: readonly string[];
}

/** What is captured of the help of an agent. */
export interface Facts {
  readonly package: string;
  readonly version: string;
  readonly command: string;
  readonly reads: readonly string[];
  readonly options: readonly Option[];
}

export function optionsIn(style: 'commander' | 'clap' | 'yargs', command: string, help: string): Option[];
