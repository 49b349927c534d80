import { cleanLines } from '../report/clean-text.ts';
import { say } from '../report/standard-streams.ts';

/**
 * The command's own words, on standard error. In a workflow, where names in a matrix may come from anyone, none of it can be a
 * command to the runner: that begins its line, or has `##[` in it.
 */
export function tell(text: string): void {
  say(toldText(text, isWorkflow()));
}

/** An error that ends the command. Guarded in the same way; the usage stays as it is. */
export function complain(text: string): void {
  say(isWorkflow() ? toldText(text, true) : `distmake: ${text}\n`);
}

/** As {@link tell} prints it. */
export function toldText(text: string, inWorkflow: boolean): string {
  const lines = inWorkflow ? cleanLines(text) : text.split('\n');
  return lines.map((line) => `distmake: ${line}\n`).join('');
}

function isWorkflow(): boolean {
  return process.env['GITHUB_ACTIONS'] === 'true';
}
