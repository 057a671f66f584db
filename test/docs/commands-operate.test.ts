import { markdownIn } from '../support/doc-pages.js';
import { tryPages } from '../support/try-pages.js';

tryPages('docs/operate/', markdownIn('docs/operate'));
