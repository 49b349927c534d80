import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { assetPath } from '../../../src/util/asset.ts';

test('from the sources an asset is the file in src/assets', () => {
  expect(assetPath('lane.sh')).toBe(resolve(import.meta.dirname, '../../../src/assets/lane.sh'));
});
