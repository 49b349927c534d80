/** GitHub drops a step's summary above 1 MiB, all of it. */
const LIMIT = 900_000;

const NOTE = 'Parts of this summary were left out: GitHub shows no more than 1 MiB for a step.';

/**
 * The sections of a summary as one text of at most 900 kB. Where they are more, whole sections are missing, the last
 * first, and none is cut.
 *
 * @param used bytes that the step's summary has already
 */
export function joinSections(sections: readonly string[], used: number): string {
  const all = sections.filter((section) => section !== '');
  for (let count = all.length; count > 0; count--) {
    const kept = count < all.length ? [...all.slice(0, count), NOTE] : all;
    // What is there already may not end with its line.
    const text = `${used > 0 ? '\n\n' : ''}${kept.join('\n\n')}\n`;
    if (used + Buffer.byteLength(text) <= LIMIT) return text;
  }
  return '';
}
