/**
 * What a section is told.
 *
 * @typedef {object} SectionOptions
 * @property {number} runs how often what is compared runs
 * @property {number} targets of the jobs
 * @property {readonly import('./competitors.mjs').Competitor[]} chosen
 * @property {boolean} quick small numbers: for a look at the bench, not at distmake
 * @property {(text: string) => void} progress
 *
 * @typedef {object} SectionResult
 * @property {string} text tables, for people
 * @property {Record<string, unknown>} record everything that was measured
 * @property {boolean} failed something did not run, or did not do what it should
 * @property {boolean} missed a ratio is not where it should be
 *
 * @typedef {object} Section
 * @property {string} name for `--only`
 * @property {(stand: import('./stand.mjs').Stand, options: SectionOptions) => Promise<SectionResult>} run
 */

export {};
