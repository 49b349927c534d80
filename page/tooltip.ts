import { h, name } from './dom.ts';
import { phasesOf } from './leg-text.ts';
import { STATE_WORDS, endOf, type Leg, type Run } from './run.ts';
import { duration } from './words.ts';

/** What is said of the bar under the mouse. Nobody needs it: the line below the timeline and the details say the same. */
export class Tooltip {
  readonly element = h('div', { class: 'tooltip', 'aria-hidden': 'true', hidden: true });
  #leg: Leg | undefined;

  /** @param at pixels from the corner of the timeline */
  show(leg: Leg, run: Run, at: { readonly x: number; readonly y: number }): void {
    if (leg !== this.#leg) this.#fill(leg, run);
    this.#leg = leg;
    const { element } = this;
    element.hidden = false;
    const room = element.parentElement?.clientWidth ?? 0;
    const x = at.x + 14 + element.offsetWidth > room ? Math.max(0, at.x - 14 - element.offsetWidth) : at.x + 14;
    element.style.left = `${x}px`;
    element.style.top = `${at.y + 16}px`;
  }

  hide(): void {
    this.element.hidden = true;
  }

  #fill(leg: Leg, run: Run): void {
    const { job } = leg;
    const phases = phasesOf(leg, run).map(([words, seconds]) => `${words} ${duration(seconds)}`);
    const outcome = leg.end === 'succeeded' || leg.outcome === '' ? '' : `, ${leg.outcome}`;
    this.element.replaceChildren(
      h('strong', {}, name(job.recipe.target)),
      h(
        'div',
        {},
        `${leg.place.name}, slot ${leg.slot}: ${duration(endOf(leg, run) - leg.placed)}, from ${duration(leg.placed)}`,
      ),
      h('div', {}, phases.join(', ')),
      h('div', {}, `${STATE_WORDS[leg.state]}${outcome} (${leg.reason})${job.onPath ? ', on the critical path' : ''}`),
      h('code', {}, job.command.length > 160 ? `${job.command.slice(0, 160)}…` : job.command),
    );
  }
}
