import { EXCEPTIONS, REASONS, type Exception, type Mode } from './exceptions.ts';
import type { CaseResult, GnuSuite, StandIn } from './gnu-suite.ts';

type Results = ReadonlyMap<string, CaseResult>;

/**
 * Runs scripts of the suite with a stand-in for make and says what is wrong: cases that plain make passes and it does not,
 * and exceptions that pass. Plain make is asked only about those that fail.
 *
 * @param release of GNU make, `4.3`
 * @returns a text for each; empty when all is well
 */
export async function judge(
  suite: GnuSuite,
  scripts: readonly string[],
  { release, mode, standIn }: { readonly release: string; readonly mode: Mode; readonly standIn: StandIn },
): Promise<readonly string[]> {
  const exceptions = EXCEPTIONS.filter((one) => one.make === release && one.modes.includes(mode));
  const isExcepted = ({ name }: CaseResult): boolean => exceptions.some((one) => one.name === name);
  const results = await suite.run(scripts, standIn);
  const suspects = failedOf(results).filter((one) => !isExcepted(one));
  const skipped = [...results.values()].filter(({ name }) => name.endsWith(':n/a'));
  const plain = await suite.run(scriptsOf([...suspects, ...skipped]), undefined);
  const held = suspects.filter(({ name }) => plain.get(name)?.passed === true);
  // Recipes of the suite wait a few seconds for one another. What failed runs again alone before it counts.
  const again = await suite.run(scriptsOf(held), standIn, 1);
  return [
    ...held
      .map((one) => again.get(one.name) ?? one)
      .filter((one) => !one.passed)
      .map(shown),
    ...skipped.filter(({ name }) => !plain.has(name)).map(({ name }) => `${name}, but plain make runs it`),
    ...exceptions.filter((one) => passed(one, results)).map(surprise),
  ];
}

function failedOf(results: Results): readonly CaseResult[] {
  return [...results.values()].filter(({ passed }) => !passed);
}

function scriptsOf(results: readonly CaseResult[]): readonly string[] {
  return [...new Set(results.map(({ name }) => name.slice(0, name.indexOf(':'))))];
}

function passed({ name, sometimes }: Exception, results: Results): boolean {
  return sometimes !== true && results.get(name)?.passed === true;
}

function surprise({ name, why }: Exception): string {
  return `${name} is in the list of exceptions and passes (${REASONS[why]})`;
}

function shown({ name, command = '', expected = '', got = '', status = '' }: CaseResult): string {
  return `${name}\n${command}--- expected\n${expected}--- got, with ${status}\n${got}`;
}
