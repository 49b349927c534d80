import { appendFileSync, closeSync, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import type { DoneRecord } from '../engine/bulk-ledger.ts';
import { bufferOf, bytesOf, fsPath, type Bytes } from '../util/bytes.ts';
import { escapeName, unescapeName } from './mark-name.ts';

/**
 * `TARGET DIGESTS START END KIND PEER... .`: the dot tells a whole line from one that was cut, and no peer has any. Names are
 * bytes: what is a blank to others (U+00A0) is none here.
 */
const LINE = /^([^ ]+) ([0-9a-f,]+|-) ([^ ]+) ([^ ]+) (file|phony)((?: [^ .]+)*) \.$/;

/**
 * What has been finished, in order, in a file to which all runs in the directory append. Read as far as it grows.
 */
export class DoneList {
  readonly #path: Bytes;
  readonly #records = new Map<Bytes, DoneRecord>();
  #inode = 0n;
  #offset = 0;
  #order = 0;

  /** @throws Error when it cannot be written */
  constructor(path: Bytes) {
    this.#path = path;
    // A last line that was cut must not swallow the next.
    const text = this.#read();
    appendFileSync(fsPath(path), text === '' || text.endsWith('\n') ? '' : '\n');
  }

  get(target: Bytes): DoneRecord | undefined {
    this.#read();
    return this.#records.get(target);
  }

  /**
   * @param end ms since 1970
   * @throws Error when it cannot be written
   */
  add(target: Bytes, { lines, start, file, peers }: Omit<DoneRecord, 'order'>, end: number): void {
    const [from, to] = [start, end].map((time) => new Date(time).toISOString());
    const digests = lines.length === 0 ? '-' : lines.join(',');
    const kind = [file ? 'file' : 'phony', ...peers.map((peer) => escapeName(peer).replaceAll('.', '%2E'))].join(' ');
    appendFileSync(fsPath(this.#path), bufferOf(`${escapeName(target)} ${digests} ${from} ${to} ${kind} .\n`));
  }

  remove(): void {
    try {
      unlinkSync(fsPath(this.#path));
    } catch {
      // It is gone.
    }
  }

  /** Takes in what was appended since. */
  #read(): Bytes {
    let descriptor: number;
    try {
      descriptor = openSync(fsPath(this.#path), 'r');
    } catch {
      this.#reset(0n);
      return '';
    }
    try {
      const { ino, size } = fstatSync(descriptor, { bigint: true });
      if (ino !== this.#inode || Number(size) < this.#offset) this.#reset(ino);
      const buffer = Buffer.alloc(Number(size) - this.#offset);
      const length = buffer.length === 0 ? 0 : readSync(descriptor, buffer, 0, buffer.length, this.#offset);
      const text = bytesOf(buffer.subarray(0, length));
      // What has no newline yet is read again.
      const whole = text.lastIndexOf('\n') + 1;
      this.#offset += whole;
      for (const line of text.slice(0, whole).split('\n')) this.#take(line);
      return text;
    } finally {
      closeSync(descriptor);
    }
  }

  #take(line: Bytes): void {
    const [, target, digests, start = '', , kind, peers = ''] = LINE.exec(line) ?? [];
    if (target === undefined || digests === undefined) return;
    this.#records.set(unescapeName(target), {
      lines: digests === '-' ? [] : digests.split(','),
      start: Date.parse(start),
      file: kind === 'file',
      peers: peers.split(' ').slice(1).map(unescapeName),
      order: ++this.#order,
    });
  }

  #reset(inode: bigint): void {
    this.#inode = inode;
    this.#offset = 0;
    this.#records.clear();
  }
}
