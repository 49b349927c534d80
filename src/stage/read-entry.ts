import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  type BigIntStats,
} from 'node:fs';
import { open } from 'node:fs/promises';
import type { Content, Entry } from '../model/entry.ts';
import { bytesOf, fsPath, type Bytes } from '../util/bytes.ts';

/** What has become a link meanwhile is not followed. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW;

/** Files up to this size are read whole, others in pieces of it while they are sent. */
export const WHOLE_SIZE = 262144;

/**
 * What stands at a path now, ready to be sent: content and description are those of one moment.
 *
 * @param root absolute path of the workspace
 * @param wholeSize files up to this size are read at once, others while they are sent
 * @returns `removed` when nothing is there; undefined for what cannot be read or has no content (sockets, devices)
 */
export function readEntry(root: Bytes, path: Bytes, wholeSize = WHOLE_SIZE): Entry | undefined {
  const full = fsPath(`${root}/${path}`);
  try {
    const stats = lstatSync(full, { bigint: true });
    if (stats.isDirectory()) return { kind: 'directory', path, mode: permissions(stats) };
    if (stats.isSymbolicLink()) {
      return { kind: 'link', path, time: stats.mtimeNs, target: bytesOf(readlinkSync(full, { encoding: 'buffer' })) };
    }
    return stats.isFile() ? readFile(path, full, wholeSize) : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'removed', path } : undefined;
  }
}

/** The time of a file, in nanoseconds; undefined when no file is there. */
export function readTime(root: Bytes, path: Bytes): bigint | undefined {
  try {
    const stats = lstatSync(fsPath(`${root}/${path}`), { bigint: true });
    return stats.isFile() ? stats.mtimeNs : undefined;
  } catch {
    return undefined;
  }
}

function readFile(path: Bytes, full: string | Buffer, wholeSize: number): Entry {
  const file = openSync(full, READ);
  try {
    const stats = fstatSync(file, { bigint: true });
    const description = { kind: 'file', path, mode: permissions(stats), time: stats.mtimeNs } as const;
    const size = Number(stats.size);
    if (size > wholeSize) return { ...description, size, content: pieces(full, size) };
    const content: Content = whole(file, size);
    return { ...description, size: content.length, content };
  } finally {
    closeSync(file);
  }
}

/** All that is in a file, which is expected to be `size` bytes: one call then, where readFileSync needs four. */
function whole(file: number, size: number): Buffer {
  const content = Buffer.allocUnsafe(size + 1);
  const length = readSync(file, content, 0, size + 1, 0);
  return length === size ? content.subarray(0, size) : readFileSync(file);
}

/** Exactly `size` bytes; a file that has shrunk or gone meanwhile is filled up with zeros (it has changed: it is sent again). */
async function* pieces(full: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const file = await open(full, READ).catch(() => undefined);
  try {
    for (let at = 0; at < size;) {
      const wanted = Math.min(WHOLE_SIZE, size - at);
      const got = await file?.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
      const piece = got && got.bytesRead > 0 ? got.buffer.subarray(0, got.bytesRead) : Buffer.alloc(wanted);
      at += piece.length;
      yield piece;
    }
  } finally {
    await file?.close();
  }
}

function permissions(stats: BigIntStats): number {
  return Number(stats.mode & 0o777n);
}
