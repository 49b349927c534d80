import { bufferOf, type Bytes } from '../util/bytes.ts';

/** Up to here a line is cheaper, which the lane's shell reads byte by byte; above it a process that reads a block. */
const LONGEST_LINE = 2048;

/**
 * A call of one of the functions of lane.sh as one line of sh. Any bytes but NUL pass unchanged; `$n` is a line end there.
 */
export function shCall(name: string, words: readonly (Bytes | number)[]): Bytes {
  return [name, ...words.map((word) => (typeof word === 'number' ? String(word) : quote(word)))].join(' ') + '\n';
}

/** The frame that has the lane evaluate these lines. */
export function shFrame(code: Bytes): Buffer {
  const lines = bufferOf(code);
  return lines.length <= LONGEST_LINE ? lines : Buffer.concat([bufferOf(shCall('long', [lines.length])), lines]);
}

/** A path of the workspace as lane.sh takes it. */
export function shPath(path: Bytes): Bytes {
  return `./${path}`;
}

function quote(word: Bytes): Bytes {
  if (/^[A-Za-z0-9_%+:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'"'"'`).replaceAll('\n', `'"$n"'`)}'`;
}
