import { describe, expect, test } from 'vitest';
import { remoteComplaint } from '../../src/git/remote.js';

const rights = '\nPlease make sure you have the correct access rights\nand the repository exists.\n';
const unread = 'fatal: Could not read from remote repository.\n';

describe('why a remote was not reached', () => {
  test.for<[string, string, string]>([
    [
      'a host without a server',
      `ssh: connect to host example.org port 22: Connection refused\n${unread}${rights}`,
      'ssh: connect to host example.org port 22: Connection refused',
    ],
    [
      'a key that is not let in',
      `ana@example.org: Permission denied (publickey).\n${unread}${rights}`,
      'ana@example.org: Permission denied (publickey)',
    ],
    [
      'a host that nobody knows',
      `No ED25519 host key is known for [example.org]:22 and you have requested strict checking.\nHost key verification failed.\n${unread}${rights}`,
      'Host key verification failed',
    ],
    [
      'what ssh says by the way',
      `Warning: Permanently added 'example.org' (ED25519) to the list of known hosts.\n** WARNING: connection is not using a post-quantum key exchange algorithm.\nana@example.org: Permission denied (publickey).\n${unread}`,
      'ana@example.org: Permission denied (publickey)',
    ],
    [
      'gitolite',
      `FATAL: W any work carol DENIED by fallthru\n(or you mispelled the reponame)\n${unread}${rights}`,
      'FATAL: W any work carol DENIED by fallthru',
    ],
    [
      'a forge',
      `remote: \nremote: ========\nremote: \nremote: ERROR: The project you were looking for could not be found.\nremote: \nremote: ========\nremote: \n${unread}${rights}`,
      'ERROR: The project you were looking for could not be found',
    ],
    [
      'git daemon that is down',
      'fatal: unable to connect to 127.0.0.1:\n127.0.0.1[0: 127.0.0.1]: errno=Connection refused\n',
      'fatal: unable to connect to 127.0.0.1: 127.0.0.1[0: 127.0.0.1]: errno=Connection refused',
    ],
    [
      'git daemon that takes no pushes',
      'fatal: remote error: service not enabled: /work.git\n',
      'fatal: remote error: service not enabled: /work.git',
    ],
    ['a helper that says nothing of use', `${unread}${rights}`, 'fatal: Could not read from remote repository'],
    [
      'an end of the connection that says why',
      'error: RPC failed; HTTP 503\nfatal: the remote end hung up unexpectedly\n',
      'error: RPC failed; HTTP 503',
    ],
    ['nothing at all', '', 'no message'],
  ])('%s', ([, stderr, expected]) => {
    expect(remoteComplaint(stderr)).toBe(expected);
  });
});
