import { expect, test } from '@jest/globals';
import type { BulkReport } from '../../../src/model/bulk.ts';
import { summaryOf } from '../../fixtures/report/summary-of.ts';

const NOTHING: BulkReport = { built: [], upToDate: [], failed: [], skipped: [], notReached: [] };

test('the summary of a bulk build counts its items and names those that failed or were skipped', () => {
  const report: BulkReport = {
    ...NOTHING,
    built: [{ target: 'a', weight: 0, place: 'alpha' }],
    failed: [{ target: 'lib/<b>', weight: 2, how: 'status 2', where: 'an earlier run' }],
    skipped: ['c', 'd'].map((target) => ({ target, weight: 0, because: 'lib/<b>' })),
  };
  expect(summaryOf([{ type: 'bulk-finished', report, file: 'DIR/report' }])).toBe(`## distmake: not finished

### Items

1 built, 1 failed, 2 skipped

### Failed items

- lib/&#60;b&#62;: status 2, in an earlier run

### Skipped items

- c, d: because of lib/&#60;b&#62;
`);
});
