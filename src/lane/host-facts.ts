import type { HostFacts } from '../engine/ports.ts';
import type { FrameFields } from './frame-fields.ts';

const MOST_PROCESSORS = 99_999;
/** Of `max_jobs`, in both lanes. */
const LARGEST_CAP = 9999;

/**
 * What both kinds of lane say of their host in their hello: `PROCESSORS CAP LOAD`, CAP a number or `-` for none.
 *
 * @param at where the first of these words is
 * @throws BadFrame
 */
export function readFacts(fields: FrameFields, at: number): HostFacts {
  const processors = fields.number(at, MOST_PROCESSORS);
  const cap = fields.optionalNumber(at + 1, LARGEST_CAP);
  if (processors < 1 || cap === 0) fields.fail();
  return { processors, cap, load: fields.load(at + 2) };
}
