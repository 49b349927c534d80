import { getState, saveState } from '@actions/core';
import { HOST_DEFAULTS, type Host } from '../model/host.ts';

/** What post must know of main. Nothing secret: keys are read again from the inputs. */
export interface RunState {
  /** What the names of its staging directories begin with. */
  readonly staging: string;
  /** The hosts on which one may have been made, as far as it takes to get there. */
  readonly hosts: readonly Host[];
}

const NAME = 'run';

/** Kept by the runner for post, the last one counts; to be called before anything is made on a further host. */
export function saveRunState(staging: string, hosts: readonly Host[]): void {
  const { environment, setup, startup } = HOST_DEFAULTS;
  const state: RunState = { staging, hosts: hosts.map((host) => ({ ...host, environment, setup, startup })) };
  saveState(NAME, JSON.stringify(state));
}

/** undefined: main never got as far as to touch a host. */
export function loadRunState(): RunState | undefined {
  const text = getState(NAME);
  return text === '' ? undefined : (JSON.parse(text) as RunState);
}
