import { choice, h, labelled } from './dom.ts';
import { ALL, filterFor, type Wanted } from './filter.ts';
import { STATES, STATE_WORDS, type Job, type Run, type State } from './run.ts';
import { number } from './words.ts';

/** The fields by which jobs are looked for; timeline and table follow them. */
export class FilterBar {
  readonly element: HTMLElement;
  readonly #run: Run;
  readonly #changed: (wanted: ReadonlySet<Job> | undefined) => void;
  readonly #text = h('input', { type: 'search', placeholder: 'part of a name, or /regex/', spellcheck: 'false' });
  readonly #place: HTMLSelectElement;
  readonly #state: HTMLSelectElement;
  readonly #reason: HTMLSelectElement;
  readonly #onPath = h('input', { type: 'checkbox' });
  readonly #found = h('p', { class: 'found', role: 'status' });

  /** @param changed gets the jobs that are wanted; undefined: all */
  constructor(run: Run, changed: (wanted: ReadonlySet<Job> | undefined) => void) {
    this.#run = run;
    this.#changed = changed;
    const apply = (): void => this.#apply();
    const used = STATES.filter((state) => run.places.some(({ legs }) => legs.some((leg) => leg.state === state)));
    const same = (words: string): readonly [string, string] => [words, words];
    this.#place = choice([['', 'all'], ...run.places.map(({ name }) => same(name))], apply);
    this.#state = choice([['', 'all'], ...used.map((state) => [state, STATE_WORDS[state]] as const)], apply);
    this.#reason = choice([['', 'all'], ...[...run.reasons.keys()].map(same)], apply);
    this.#text.addEventListener('input', apply);
    this.#onPath.addEventListener('change', apply);
    this.element = h(
      'search',
      { class: 'filters', 'aria-label': 'Filter of timeline and table' },
      labelled('Search', this.#text),
      labelled('Host', this.#place),
      labelled('State', this.#state),
      labelled('Reason', this.#reason),
      h('label', { class: 'check' }, this.#onPath, 'critical path only'),
      this.#found,
    );
    this.#say(undefined);
  }

  /** Wants the jobs with a reason, and nothing else. */
  chooseReason(reason: string): void {
    this.#text.value = this.#place.value = this.#state.value = '';
    this.#onPath.checked = false;
    this.#reason.value = reason;
    this.#apply();
  }

  get #wanted(): Wanted {
    return {
      text: this.#text.value,
      place: this.#place.value,
      state: this.#state.value as State | '',
      reason: this.#reason.value,
      onPath: this.#onPath.checked,
    };
  }

  #apply(): void {
    const wanted = this.#wanted;
    const all = (Object.keys(ALL) as (keyof Wanted)[]).every((key) => wanted[key] === ALL[key]);
    this.#text.removeAttribute('aria-invalid');
    try {
      const found = all ? undefined : new Set(this.#run.jobs.filter(filterFor(wanted)));
      this.#say(found);
      this.#changed(found);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#text.setAttribute('aria-invalid', 'true');
      this.#found.textContent = 'This is no regular expression.';
    }
  }

  #say(found: ReadonlySet<Job> | undefined): void {
    const all = number(this.#run.jobs.length, 'job');
    this.#found.textContent = found ? `${number(found.size)} of ${all}` : all;
  }
}
