import { succeeded } from '../../../../../src/model/outcome.ts';
import type { Oracle } from './oracle.ts';

/** What a line writes gets into the workspace once, and nothing of it runs any more when make has heard of its end. */
export const linesRunOnce: Oracle = function* ({ story }) {
  const effects = new Set<string>();
  for (const { command } of story.effects) {
    if (effects.has(command)) yield `"${command}" has had its effect twice`;
    effects.add(command);
  }
  const answered = new Map(story.answers.map(({ line, at }) => [line.command, at]));
  for (const { command, at } of story.begins)
    if (at > (answered.get(command) ?? Infinity)) yield `"${command}" begins after make has heard of its end`;
};

/** `no-retry`: once it may have begun, it does not begin again. */
export const onceIsOnce: Oracle = function* ({ story, world }) {
  const begun = new Set<string>();
  for (const { command } of story.begins) {
    if (world.taskOf(command).target.manner !== 'once') continue;
    if (begun.has(command)) yield `"${command}" must not run again, and has`;
    begun.add(command);
  }
};

/** Without -k a make that has failed begins no recipe any more, not even one that it had asked for by then. */
export const failuresStop: Oracle = function* ({ scenario, story, world }) {
  // Where make's words do not pass through our hands, what it has started runs.
  if (!scenario.piped || scenario.keepGoing) return;
  const failed = new Map<number, number>();
  for (const { make, line, outcome, killed, at } of story.answers)
    if (!killed && !succeeded(outcome) && !line.ignored) failed.set(make, Math.min(at, failed.get(make) ?? Infinity));
  const seen = new Set<string>();
  for (const { at, event } of story.told) {
    if (event.type !== 'job-placed' || seen.has(event.job.command)) continue;
    const { command, recipe } = event.job;
    seen.add(command);
    const isFirst = world.taskOf(command).number === 0;
    if (isFirst && at > (failed.get(recipe.make) ?? Infinity)) yield `"${command}" begins though its make has failed`;
  }
};

/** Where that is asked for, a recipe has its make for itself. */
export const aloneIsAlone: Oracle = function* ({ scenario, story }) {
  if (!scenario.dmake || scenario.jobs === 1) return;
  /** By make: targets of which a line runs. */
  const running = new Map<number, Set<string>>();
  for (const { event } of story.told) {
    if (event.type !== 'job-placed' && event.type !== 'job-finished' && event.type !== 'job-turned-away') continue;
    const { make, target } = event.job.recipe;
    const recipes = running.get(make) ?? new Set<string>();
    running.set(make, recipes);
    if (event.type !== 'job-placed') {
      recipes.delete(target);
      continue;
    }
    recipes.add(target);
    const others = [...recipes].filter((other) => other !== target);
    if (others.length > 0 && [target, ...others].some((one) => one.startsWith('alone')))
      yield `${target} runs beside ${others.join(', ')}`;
  }
};
