/**
 * A string with one character per byte (latin1). File names, commands and environment entries are bytes to the
 * kernel and to make, in no known encoding; kept this way they pass through unchanged and still compare and match fast.
 */
export type Bytes = string;

/** Bytes as they stand in a buffer. */
export function bytesOf(buffer: Buffer): Bytes {
  return buffer.toString('latin1');
}

/** The buffer with exactly these bytes. */
export function bufferOf(bytes: Bytes): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** Text that a person or a configuration wrote (UTF-16), as bytes in UTF-8. */
export function encode(text: string): Bytes {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Bytes as text to show to people; what is not UTF-8 becomes U+FFFD. */
export function decode(bytes: Bytes): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A path for node's fs calls: the string itself where that is exact, else a buffer. */
export function fsPath(path: Bytes): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, 'latin1');
}

function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return !/[^\x00-\x7f]/.test(text);
}
