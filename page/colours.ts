import { STATES, type State } from './run.ts';

/** The colours of the theme, as a canvas takes them. */
export interface Colours {
  readonly state: Readonly<Record<State, string>>;
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly paper: string;
  readonly band: string;
  /** Text on a bar. */
  readonly onBar: string;
  readonly focus: string;
}

/** Reads what the style sheet says now: a canvas knows no variables. */
export function readColours(element: HTMLElement): Colours {
  const probe = document.createElement('span');
  probe.hidden = true;
  element.append(probe);
  const read = (variable: string): string => {
    probe.style.color = `var(--${variable})`;
    return getComputedStyle(probe).color;
  };
  const state = Object.fromEntries(STATES.map((one) => [one, read(`state-${one}`)])) as Record<State, string>;
  const names = { ink: 'ink', quiet: 'quiet', line: 'line', paper: 'paper', band: 'band', onBar: 'on-bar' };
  const rest = Object.fromEntries(Object.entries({ ...names, focus: 'focus' }).map(([key, name]) => [key, read(name)]));
  probe.remove();
  return { state, ...(rest as unknown as Omit<Colours, 'state'>) };
}
