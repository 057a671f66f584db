import type { Environment } from './environment.js';

/**
 * Where git keeps what a push brought until its hooks have accepted it (git-receive-pack(1), "quarantine environment"). Every
 * git call of `pre-receive` that means pushed objects needs these; a call without them sees what the repository had before.
 */
const names = ['GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_QUARANTINE_PATH'] as const;

export const quarantineOf = (inherited: NodeJS.ProcessEnv): Environment =>
  Object.fromEntries(names.flatMap((name) => (inherited[name] === undefined ? [] : [[name, inherited[name]]])));
