import { LeftOut } from '../engine/left-out.ts';

/**
 * What ssh(1) and rsh say when they are not let in, do not know the host, or are told what they do not understand. They say it again
 * the next time, and some hosts lock out who comes again and again.
 */
const REFUSALS = [
  /^(?:\S+: )?permission denied(?: \([a-z,@.-]+\))?\.?\r?$/im,
  /too many authentication failures/i,
  /^host key verification failed/im,
  /^no matching .* found|^unable to negotiate with .* no matching/im,
  /bad configuration option|terminating, \d+ bad configuration|^(?:ssh: )?(?:unknown|illegal|invalid) option|^usage: /im,
];

/**
 * A fault of the way to a host that a program makes, with what that program has said of it on stderr.
 *
 * @param begin stands before its words
 */
export function withWords(fault: Error, said: string, begin: string): Error {
  if (said === '') return fault;
  const Kind = fault instanceof LeftOut || REFUSALS.some((pattern) => pattern.test(said)) ? LeftOut : Error;
  return new Kind(`${fault.message}; ${begin} ${said.slice(-500)}`, { cause: fault });
}
