import { Failure } from '../failure.js';
import { processIo } from './io.js';
import { report } from './report.js';

// The libraries of the command line ask for the directory as they are loaded, and fail with a stack trace where it was deleted, as that of
// a worktree is: so this is imported before them.
try {
  process.cwd();
} catch (cause) {
  const gone = new Failure('not-a-repository', 'The current directory is not there any more.', {
    hint: 'Change into a repository: cd <path>',
    cause,
  });
  process.exit(report(gone, processIo(), { debug: false }));
}
