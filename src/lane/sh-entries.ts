import type { Entry } from '../model/entry.ts';
import { bufferOf, type Bytes } from '../util/bytes.ts';
import type { FrameWriter } from './frame-writer.ts';
import { shCall, shFrame, shPath } from './sh-code.ts';
import { TAR_END, tarHeader, tarPadding } from './tar-writer.ts';

type FileEntry = Extract<Entry, { kind: 'file' }>;

const LARGEST_BATCH = { entries: 400, bytes: 1_048_576 };

/**
 * Writes entries as batches for lane.sh, each with a tar of what is to be made. In a batch removals come first; an entry
 * for which that would be the wrong order begins a new one.
 */
export class ShEntryWriter {
  readonly #writer: FrameWriter;
  readonly #exactTimes: boolean;
  #removed: Bytes[] = [];
  /** By mode. */
  #directories = new Map<number, Bytes[]>();
  #files: Bytes[] = [];
  #times: Bytes[] = [];
  #tar: Buffer[] = [];
  #bytes = 0;
  /** What the batch makes, and the levels above. */
  #made = new Set<Bytes>();

  constructor(writer: FrameWriter, exactTimes: boolean) {
    this.#writer = writer;
    this.#exactTimes = exactTimes;
  }

  async write(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<void> {
    for await (const entry of entries) {
      await this.#add(entry);
      const count = this.#removed.length + this.#made.size + this.#times.length;
      if (count >= LARGEST_BATCH.entries || this.#bytes >= LARGEST_BATCH.bytes) await this.#flush();
    }
    await this.#flush();
    this.#writer.add(bufferOf('applied\n'));
  }

  async #add(entry: Entry): Promise<void> {
    const path = shPath(entry.path);
    switch (entry.kind) {
      case 'removed':
        if (this.#made.has(entry.path)) await this.#flush();
        this.#removed.push(path);
        return;
      case 'time':
        this.#times.push(shCall('at', [...touchTimes(entry.time), path]));
        return;
      case 'directory':
        this.#make(entry.path);
        this.#putDirectory(path, entry.mode | 0o700);
        return;
      case 'link':
        this.#make(entry.path);
        this.#files.push(path);
        this.#put(tarHeader({ ...entry, path }, this.#exactTimes));
        return;
      case 'file':
        this.#make(entry.path);
        this.#files.push(path);
        this.#put(tarHeader({ ...entry, path }, this.#exactTimes));
        if (Buffer.isBuffer(entry.content)) this.#put(entry.content, tarPadding(entry.size));
        else await this.#flush({ ...entry, content: entry.content });
    }
  }

  /** @param last a file whose header is the last of the batch, and whose content is not at hand */
  async #flush(last?: FileEntry & { readonly content: AsyncIterable<Buffer> }): Promise<void> {
    const padding = tarPadding(last?.size ?? 0);
    const size = this.#bytes + (last?.size ?? 0) + (last ? padding.length : 0) + TAR_END.length;
    let code = '';
    if (this.#removed.length > 0) code += shCall('removed', this.#removed);
    for (const [mode, paths] of this.#directories) code += shCall('directories', [mode.toString(8), ...paths]);
    if (this.#files.length > 0) code += shCall('files', this.#files);
    const tar = this.#tar;
    const times = this.#times.join('');
    this.#removed = [];
    this.#directories = new Map();
    this.#files = [];
    this.#times = [];
    this.#tar = [];
    this.#bytes = 0;
    this.#made = new Set();
    if (code !== '') this.#writer.add(shFrame(code));
    if (tar.length > 0) {
      this.#writer.add(bufferOf(shCall('unpack', [size])));
      for (const piece of tar) this.#writer.add(piece);
      if (last) {
        for await (const piece of last.content) {
          this.#writer.add(piece);
          await this.#writer.drain();
        }
        this.#writer.add(padding);
      }
      this.#writer.add(TAR_END);
    }
    if (times !== '') this.#writer.add(shFrame(times));
    await this.#writer.drain();
  }

  #put(...pieces: Buffer[]): void {
    for (const piece of pieces) {
      this.#tar.push(piece);
      this.#bytes += piece.length;
    }
  }

  #putDirectory(path: Bytes, mode: number): void {
    const others = this.#directories.get(mode);
    if (others) others.push(path);
    else this.#directories.set(mode, [path]);
    this.#put(tarHeader({ kind: 'directory', path, mode }, this.#exactTimes));
  }

  #make(path: Bytes): void {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) this.#made.add(at);
  }
}

/** Both forms of touch: `-d` with nanoseconds, and `-t`, which has whole seconds. */
function touchTimes(time: bigint): [exact: Bytes, whole: Bytes] {
  const seconds = time > 0n ? time / 1_000_000_000n : 0n;
  const fraction = time > 0n ? (time % 1_000_000_000n).toString().padStart(9, '0') : '0';
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return [`${text}.${fraction}Z`, text.replace(/[-T:]/g, '').replace(/(..)$/, '.$1')];
}
