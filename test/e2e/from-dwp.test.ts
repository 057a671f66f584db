import { describe, expect, it } from 'vitest';
import { translate } from '../../src/packs/from-dwp.js';
import { workspace } from '../support/workspace.js';

/** A small pack as it was written for the earlier naming. */
const pack: Readonly<Record<string, string>> = {
  '.dwp/command/QA': `#!/bin/sh
# Checks what was built. Asked by: dwp-state: QA
set -eu
. "$(git rev-parse --show-toplevel)/.dwp/command/lib/say.sh"
attempt=\${DWP_ATTEMPT:-1}
max=\${AYNIG_TRAILER_DWP_MAX_ATTEMPTS:-1}
say "$DWP_STATE of $COMMIT_HASH at $LOG_LEVEL, attempt $attempt of $max"
printf '%s\\n' "$BODY" >checked.txt
git add checked.txt
if [ "$attempt" -lt "$max" ]; then
  git commit --quiet -m 'Try again' -m "$BODY" -m "dwp-state: qa
dwp-attempt: $((attempt + 1))
dwp-max-attempts: $max
dwp-correlation-id: $DWP_CORRELATION_ID"
else
  git commit --quiet --allow-empty -m 'Checked' -m "$(printf 'dwp-state: review\\ndwp-note: %s' "$DWP_CORRELATION_ID")"
fi
`,
  '.dwp/command/lib/say.sh': 'say() { printf "%s\\n" "$*" | tee -a said.txt; git add said.txt; }\n',
  '.dwp/COMMANDS.md': '| state | command |\n|---|---|\n| `QA` | `.dwp/command/QA` |\n',
};

describe('a pack of the earlier naming', () => {
  it('runs once it is translated', () => {
    const result = translate(
      Object.entries(pack).map(([path, text]) => ({ path, mode: text.startsWith('#!') ? '100755' : '100644', bytes: Buffer.from(text) })),
    );
    expect(result.leftOver).toEqual([]);
    const made = workspace();
    for (const { path, mode, bytes } of result.files) made.write(path, Buffer.from(bytes), Number.parseInt(mode.slice(-3), 8));
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'Add the pack');
    const asked = made.request('qa', { body: 'Look twice', trailers: ['aynig-max-attempts: 2', 'aynig-correlation-id: c-7'] });
    made.aynig(['run', '--current-branch', 'only']);
    expect(made.states()).toEqual(['-', '-', 'qa', 'working', 'qa', 'working', 'review']);
    expect(made.trailer('aynig-note')).toBe('c-7');
    expect(made.read('checked.txt')).toBe('Look twice\n');
    expect(made.read('said.txt').split('\n')).toEqual([
      `qa of ${asked} at info, attempt 1 of 2`,
      `qa of ${made.head('HEAD~2')} at info, attempt 2 of 2`,
      '',
    ]);
    expect(made.read('.aynig/COMMANDS.md')).toContain('`.aynig/command/qa`');
  });

  it('does not run as it was', () => {
    const made = workspace();
    made.write('.aynig/command/qa', pack['.dwp/command/QA'] ?? '', 0o755);
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'Add the pack');
    made.request('qa');
    made.aynig(['run', '--current-branch', 'only'], { expected: 1 });
    expect(made.state()).toBe('stalled');
  });
});
