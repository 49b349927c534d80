import type { Bytes } from '../util/bytes.ts';
import { bmakeObstacle } from './bmake/run.ts';
import type { RealMake } from './real-make.ts';

/**
 * Why the recipes of a make cannot come to us, for people; undefined: they can.
 *
 * @param words its arguments, without argv[0]
 * @param environment `NAME=value`
 * @param piped its output is to be taken apart
 */
export function obstacleOf(
  make: RealMake,
  words: readonly Bytes[],
  environment: readonly Bytes[],
  piped: boolean,
): string | undefined {
  return make.kind === 'bmake' ? bmakeObstacle(make.path, words, environment, piped) : make.obstacle;
}
