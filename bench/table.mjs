// From measurements to what people read.

/** Where distmake should be against the others, wall time per job. */
const AIMS = [
  { against: 'seed', atMost: 0.3 },
  { against: 'parallel', atMost: 0.1 },
];

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {string} title
 * @property {number | undefined} wall milliseconds per job
 * @property {number | undefined} cpu milliseconds per job on the runner's side
 * @property {number | undefined} hostCpu milliseconds per job on the hosts' side
 * @property {string | undefined} failure
 *
 * @typedef {object} Ratio
 * @property {string} name of ours
 * @property {string} against
 * @property {number} ratio of wall times
 * @property {number} cpuRatio of the runner's CPU times
 * @property {number} atMost
 * @property {boolean} met
 */

/** @param {readonly number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Ours against those with an aim, as far as both ran. @param {readonly Row[]} rows @returns {Ratio[]} */
export function ratios(rows) {
  const ours = rows.filter((r) => r.name.startsWith('distmake') && r.wall !== undefined);
  return ours.flatMap((our) =>
    AIMS.flatMap(({ against, atMost }) => {
      const other = rows.find((r) => r.name === against);
      if (other?.wall === undefined) return [];
      const ratio = our.wall / other.wall;
      return [{ name: our.name, against, ratio, cpuRatio: our.cpu / other.cpu, atMost, met: ratio <= atMost }];
    }),
  );
}

/** The first column to the left, the others to the right. @param {readonly (readonly string[])[]} lines of equal length */
export function renderColumns(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const padded = lines.map((line) =>
    line
      .map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i])))
      .join('   ')
      .trimEnd(),
  );
  return `${padded.join('\n')}\n`;
}

/** @param {readonly Row[]} rows @param {readonly Ratio[]} compared */
export function renderTable(rows, compared) {
  const cell = (/** @type {number | undefined} */ n) => (n === undefined ? '-' : n.toFixed(1));
  const lines = [['', 'ms/job', 'CPU ms/job here', 'on hosts']];
  for (const r of rows) lines.push([r.title, cell(r.wall), cell(r.cpu), r.name === 'local' ? '' : cell(r.hostCpu)]);
  const verdicts = compared.map(({ name, against, ratio, cpuRatio, atMost, met }) => {
    const title = rows.find((r) => r.name === against)?.title;
    const verdict = `(at most ${atMost}: ${met ? 'met' : 'NOT met'})`;
    return `${name} / ${title}: ${ratio.toFixed(2)} ${verdict}, CPU here ${cpuRatio.toFixed(2)}`;
  });
  const failures = rows.filter((r) => r.failure !== undefined).map((r) => `${r.title} did not run: ${r.failure}`);
  const blocks = [verdicts, failures].filter((b) => b.length > 0).map((b) => `${b.join('\n')}\n`);
  return [renderColumns(lines), ...blocks].join('\n');
}
