// A process of its own that fetches one pack, to be ended from outside: `node scripts/typescript.mjs <this file> <address>`.
import { parseAddress } from '../../src/packs/address.js';
import { fetchPack } from '../../src/packs/fetch.js';

const [, , address = ''] = process.argv;
const { commit } = await fetchPack({ address: parseAddress(address, { cwd: '/', base: '/' }) });
process.stdout.write(`${commit}\n`);
