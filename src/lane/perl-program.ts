import { readFileSync } from 'node:fs';
import { assetPath } from '../util/asset.ts';

/** The parts of the lane in perl, in src/assets/lane: a variable of one part is known to those behind it. */
const PARTS = [
  ...['system', 'life', 'frames', 'tree', 'root', 'layer', 'view', 'room'],
  ...['facts', 'owner', 'places', 'claim'],
  ...['own-tree', 'entries', 'compressed', 'outputs', 'collecting', 'guardian', 'jobs', 'start'],
];

/** The text of the lane in perl, as it travels. Messages of perl name the part and the line in it. */
export function perlProgram(): string {
  return PARTS.map((part) => `# line 1 "lane/${part}.pl"\n${readFileSync(assetPath(`lane/${part}.pl`), 'utf8')}`).join(
    '',
  );
}
