import type { EventSink } from '../model/event.ts';
import { decode } from '../util/bytes.ts';
import { cleanTitle } from './clean-text.ts';
import { HostNews } from './host-news.ts';
import { killedText } from './outcome-text.ts';

/**
 * The command's own words outside of a workflow: faults alone, since its output is otherwise make's own.
 *
 * @param write takes one line with its newline, for stderr
 * @param now seconds, never less than before
 */
export function plainLog(
  write: (text: string) => void,
  now?: () => number,
): { readonly handle: EventSink; readonly finish: () => void } {
  const hosts = new HostNews(now);
  const say = (text: string | undefined): void => {
    if (text === undefined) return;
    // One line each: a host's or a target's name must not move the terminal's cursor or pass for another line.
    write(`distmake: ${cleanTitle(text, 2000)}\n`);
  };
  return {
    handle: (event) => {
      if (event.type === 'host-lost') say(hosts.lost(event)?.text);
      else if (event.type === 'host-ready') {
        const text = hosts.ready(event);
        if (event.returned) say(text);
      } else if (event.type === 'job-finished' && event.again && event.outcome.kind === 'timed-out') {
        const { job, place, outcome } = event;
        const where = place?.name ?? 'the runner';
        say(`${decode(job.recipe.target)} on ${where}: ${killedText(outcome)}; it runs once more elsewhere`);
      } else if (event.type === 'message' && event.level === 'warning') say(event.text);
    },
    finish: () => undefined,
  };
}
