import type { EventSink } from '../model/event.ts';
import { cleanTitle } from './clean-text.ts';

/**
 * The command's own words outside of a workflow: faults alone, since its output is otherwise make's own.
 *
 * @param write takes one line with its newline, for stderr
 */
export function plainLog(write: (text: string) => void): { readonly handle: EventSink; readonly finish: () => void } {
  const say = (text: string): void => {
    // One line each: a host's or a target's name must not move the terminal's cursor or pass for another line.
    write(`distmake: ${cleanTitle(text, 2000)}\n`);
  };
  return {
    handle: (event) => {
      if (event.type === 'host-lost') say(`${event.host.name}: ${event.reason}`);
      else if (event.type === 'message' && event.level === 'warning') say(event.text);
    },
    finish: () => undefined,
  };
}
