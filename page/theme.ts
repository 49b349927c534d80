import { choice, labelled } from './dom.ts';

/** Light, dark, or what the system has. `changed`: the colours are others now. */
export function themeChoice(changed: () => void): HTMLElement {
  const select = choice(
    [
      ['', 'as the system'],
      ['light', 'light'],
      ['dark', 'dark'],
    ],
    () => {
      if (select.value === '') delete document.documentElement.dataset['theme'];
      else document.documentElement.dataset['theme'] = select.value;
      changed();
    },
  );
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  return labelled('Theme', select);
}
