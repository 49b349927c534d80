import type { BuildEvent } from '../model/event.ts';
import { describeHostReady } from './staging.ts';
import type { StepLog } from './workflow-commands.ts';

type Event<Type extends BuildEvent['type']> = Extract<BuildEvent, { type: Type }>;

/** Losses of one host that are told; of one that comes and goes all the time the record has the rest. */
const TOLD = 5;

interface Known {
  wasReady: boolean;
  /** Seconds; undefined: it is there, or has not been heard of. */
  away: number | undefined;
  losses: number;
}

/** A line for people on a host that comes or goes. */
export interface HostLine {
  readonly text: string;
  /** The first bad news of this host. */
  readonly isFirst: boolean;
}

/** What logs say of hosts that come, go and come back: not more than a few lines of each host. */
export class HostNews {
  readonly #now: () => number;
  readonly #hosts = new Map<string, Known>();

  /** @param now seconds, never less than before */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
  }

  /** `build1: lost (it has said nothing for 15 s); its jobs run elsewhere if they can, it is tried again`; undefined: enough has been said. */
  lost({ host, reason, benched }: Event<'host-lost'>): HostLine | undefined {
    const known = this.#known(host);
    const isFirst = known.losses === 0;
    known.away ??= this.#now();
    known.losses++;
    if (!benched) return { text: `${host.name}: left out: ${withoutLeftOut(reason)}`, isFirst };
    if (known.losses > TOLD) return undefined;
    const end = known.losses === TOLD ? '; when it is lost again that is not told here' : '';
    const text = known.wasReady
      ? `lost (${reason}); its jobs run elsewhere if they can, it is tried again${end}`
      : `did not come up, it is tried again${end}: ${reason}`;
    return { text: `${host.name}: ${text}`, isFirst };
  }

  /** `build1: back after 12 s`; of the first time what was staged. Undefined: enough has been said. */
  ready(event: Event<'host-ready'>): string | undefined {
    const known = this.#known(event.host);
    const { away, wasReady } = known;
    known.away = undefined;
    known.wasReady = true;
    if (!wasReady || away === undefined) return describeHostReady(event);
    return known.losses > TOLD ? undefined : `${event.host.name}: back after ${awayText(this.#now() - away)}`;
  }

  /** A warning for the first loss of a host, text for all else: a step shows few warnings. */
  print(event: Event<'host-lost' | 'host-ready'>, log: Pick<StepLog, 'text' | 'warning'>): void {
    if (event.type === 'host-ready') {
      log.text(this.ready(event) ?? '');
      return;
    }
    const line = this.lost(event);
    if (line?.isFirst === true) log.warning(line.text, { title: event.benched ? 'Host lost' : 'Host left out' });
    else if (line) log.text(line.text);
  }

  #known({ name, local }: { readonly name: string; readonly local: boolean }): Known {
    let known = this.#hosts.get(name);
    if (!known) this.#hosts.set(name, (known = { wasReady: local, away: undefined, losses: 0 }));
    return known;
  }
}

/** The reasons of some hosts begin so themselves. */
export function withoutLeftOut(reason: string): string {
  return reason.replace(/^left out: /, '');
}

function awayText(seconds: number): string {
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}
