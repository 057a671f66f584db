import type { Facts } from './facts.js';
import type { Finding } from './finding.js';

/** A manager whose next sync takes hook files of ours away. One whose configuration calls ours makes them anew. */
export const checkManagers = ({ hookFolders }: Facts): Finding[] =>
  hookFolders
    .filter(({ setBy }) => setBy === undefined)
    .flatMap(({ files, managers, taking }) => {
      const own = [...files.values()].filter(({ kind }) => kind === 'own').map(({ name }) => name);
      return taking.flatMap(({ name, takes, fix }): Finding[] => {
        const called = managers.filter(({ kind }) => kind === name).flatMap(({ ours }) => ours);
        const lost = own.filter((each) => (takes === 'all' || takes.includes(each)) && !called.includes(each));
        if (lost.length === 0) return [];
        const sentence = `${name} will take our ${lost.join(', ')} out of use the next time it installs its hooks.`;
        return [{ id: 'manager-removes-hooks', sentence, fix }];
      });
    });
