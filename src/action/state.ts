import { getState, saveState } from '@actions/core';
import type { Host } from '../model/host.ts';

/** What post must know of main. Nothing secret: keys are read again from the inputs. */
export interface RunState {
  /** What the names of its staging directories begin with. */
  readonly staging: string;
  /** The hosts on which one may have been made. */
  readonly hosts: readonly Host[];
}

const NAME = 'run';

/** Kept by the runner for post, the last one counts; to be called before anything is made on a further host. */
export function saveRunState(state: RunState): void {
  saveState(NAME, JSON.stringify(state));
}

/** undefined: main never got as far as to touch a host. */
export function loadRunState(): RunState | undefined {
  const text = getState(NAME);
  return text === '' ? undefined : (JSON.parse(text) as RunState);
}
