import { find } from './dom.js';

/** Lets the reader choose light or dark; until then the system's choice holds. Tells when colours have changed. */
export function offerThemes(changed: () => void): void {
  const button = find('theme', HTMLButtonElement);
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const isDark = (): boolean => (root.dataset['theme'] === undefined ? dark.matches : root.dataset['theme'] === 'dark');
  const show = (): void => {
    button.textContent = isDark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `Change to ${isDark() ? 'light' : 'dark'} colours`);
    changed();
  };
  button.addEventListener('click', () => {
    root.dataset['theme'] = isDark() ? 'light' : 'dark';
    show();
  });
  dark.addEventListener('change', show);
  show();
}
