/**
 * Counts a run of jest, from its JSON report (undefined when it left none).
 * A file that could not be run at all counts as one failed test, and so does every test that was left out: nothing is
 * skipped silently.
 * @returns {{ passed: number, failed: number, complaint?: string }}
 */
export function tally(report) {
  if (report === undefined) return { passed: 0, failed: 1, complaint: 'no report of the tests' };
  const left = report.numPendingTests + report.numTodoTests;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites + left;
  const counts = { passed: report.numPassedTests, failed };
  if (left > 0) return { ...counts, complaint: `${left} tests were left out` };
  if (failed > 0) return { ...counts, complaint: `${failed} failed` };
  if (report.numPassedTests === 0) return { passed: 0, failed: 1, complaint: 'no tests' };
  return counts;
}
