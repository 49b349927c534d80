import type { LaneRequest } from '../engine/ports.ts';
import type { Entry, Output } from '../model/entry.ts';
import { bufferOf, bytesOf } from '../util/bytes.ts';
import type { ByteReader } from './byte-reader.ts';
import { FrameFields } from './frame-fields.ts';
import { WRITE_SIZE, type FrameWriter } from './frame-writer.ts';

/** The frame that starts a job: its words, then everything of any length behind NUL bytes. */
export function runFrame(id: number, request: LaneRequest): Buffer {
  const { argv, environment, visible } = request;
  const fields = bufferOf(
    [request.directory, request.path, request.keep?.except ?? '', ...argv, ...environment, ...(visible ?? [])].join(
      '\0',
    ),
  );
  const words = [
    'run',
    id,
    request.umask.toString(8),
    request.merge ? 1 : 0,
    request.keep ? 1 : 0,
    argv.length,
    environment.length,
    visible ? visible.length : '-',
    request.recipe,
    fields.length,
  ];
  return Buffer.concat([Buffer.from(`${words.join(' ')}\n`), fields]);
}

/** Writes one entry; resolves when the other side can take more. */
export async function writeEntry(writer: FrameWriter, entry: Entry): Promise<void> {
  const path = bufferOf(entry.path);
  switch (entry.kind) {
    case 'file':
      writer.add(Buffer.from(`f ${entry.mode.toString(8)} ${nanoseconds(entry.time)} ${entry.size} ${path.length}\n`));
      writer.add(path);
      if (Buffer.isBuffer(entry.content)) {
        writer.add(entry.content);
      } else {
        for await (const piece of entry.content) {
          writer.add(piece);
          await writer.drain();
        }
      }
      break;
    case 'link': {
      const target = bufferOf(entry.target);
      writer.add(Buffer.from(`l ${nanoseconds(entry.time)} ${target.length} ${path.length}\n`));
      writer.add(path);
      writer.add(target);
      break;
    }
    case 'directory':
      writer.add(Buffer.from(`d ${entry.mode.toString(8)} ${path.length}\n`));
      writer.add(path);
      break;
    case 'removed':
      writer.add(Buffer.from(`x ${path.length}\n`));
      writer.add(path);
      break;
    case 'time':
      writer.add(Buffer.from(`t ${nanoseconds(entry.time)} ${path.length}\n`));
      writer.add(path);
      break;
  }
  await writer.drain();
}

/** Reads the output that this line begins. Content that is not at hand must be read to its end before anything else. */
export async function readOutput(reader: ByteReader, line: string): Promise<Output> {
  const kind = new FrameFields(line, 2, 3, 4, 6).word(0, 'f', 'l', 'd', 'x', 'u', 's');
  switch (kind) {
    case 'f': {
      const fields = new FrameFields(line, 6);
      const [mode, time, size] = [fields.mode(1, 0o7777), fields.time(2), fields.number(3)];
      const timeIsSet = fields.word(4, '0', '1') === '1';
      const path = bytesOf(await reader.exact(fields.length(5)));
      const content = size <= WRITE_SIZE ? await reader.exact(size) : reader.pieces(size);
      return { kind: 'file', path, mode, time, size, content, timeIsSet };
    }
    case 'l': {
      const fields = new FrameFields(line, 4);
      const [time, size] = [fields.time(1), fields.length(2)];
      const path = bytesOf(await reader.exact(fields.length(3)));
      return { kind: 'link', path, time, target: bytesOf(await reader.exact(size)) };
    }
    case 'd': {
      const fields = new FrameFields(line, 3);
      const mode = fields.mode(1, 0o777);
      return { kind: 'directory', path: bytesOf(await reader.exact(fields.length(2))), mode };
    }
    case 'x':
    case 'u':
    case 's': {
      const path = bytesOf(await reader.exact(new FrameFields(line, 2).length(1)));
      return { kind: kind === 'x' ? 'removed' : kind === 'u' ? 'unknown' : 'special', path };
    }
  }
}

/** Ten digits at least, so that the other side can cut off the last nine. */
function nanoseconds(time: bigint): string {
  return (time > 0n ? time : 0n).toString().padStart(10, '0');
}
