import { tryPages } from '../support/try-pages.js';

tryPages('README.md, AGENTS.md, SECURITY.md and the ops pack', ['README.md', 'AGENTS.md', 'SECURITY.md', 'ops-workflow-pack/README.md']);
