import type { Facts } from './facts.js';
import type { Finding } from './finding.js';

/** A manager whose next sync takes hook files of ours away. One whose configuration calls ours makes them anew. */
export function checkManagers({ managers, hookFolders }: Facts): Finding[] {
  const own = hookFolders.filter(({ setBy }) => setBy === undefined);
  const files = own.flatMap((folder) => [...folder.files.values()]).filter(({ kind }) => kind === 'own');
  const called = (kind: string) =>
    own.flatMap((folder) => folder.managers.filter((each) => each.kind === kind).flatMap(({ ours }) => ours));
  return managers.flatMap(({ name, takes, fix }): Finding[] => {
    const lost = files.filter((file) => (takes === 'all' || takes.includes(file.name)) && !called(name).includes(file.name));
    if (lost.length === 0) return [];
    return [
      {
        id: 'manager-removes-hooks',
        sentence: `${name} will take our ${lost.map((file) => file.name).join(', ')} out of use the next time it installs its hooks.`,
        fix,
      },
    ];
  });
}
