import type { Host } from '../model/host.ts';
import { shellQuote } from '../util/quote.ts';

/**
 * The lines for sh that come before the jobs of a host: its variables, its own set-up (L2: what that assigns is exported),
 * then those of the run.
 */
export function hostSetup({ environment, setup }: Host, ofRun: string): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${shellQuote(value)}`);
  const own = [...variables, ...(setup.trim() === '' ? [] : [setup])];
  return (own.length === 0 ? '' : `set -a\n${own.join('\n')}\nset +a\n`) + ofRun;
}
