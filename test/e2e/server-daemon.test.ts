import { describe } from 'vitest';
import { openGitDaemon } from '../support/servers/git-daemon.js';
import { hookBehaviour } from '../support/servers/hook-behaviour.js';
import { raceBehaviour, refusalBehaviour, runBehaviour } from '../support/servers/remote-behaviour.js';

describe('git daemon', () => {
  runBehaviour(openGitDaemon);
  raceBehaviour(openGitDaemon);
  refusalBehaviour(openGitDaemon, {
    readingOnly: /work: .*service not enabled/,
    protectedBranch: /release: .*hook declined.*release is for the release team/,
    stopped: /could not be read: .*127\.0\.0\.1.*Connection refused/,
  });
  hookBehaviour(openGitDaemon);
});

describe('git daemon, a repository with object names of SHA-256', () => {
  runBehaviour(() => openGitDaemon('sha256'));
});
