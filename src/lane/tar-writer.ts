import { bufferOf, type Bytes } from '../util/bytes.ts';

/**
 * One member of a tar, as the tools of every host read it: names are bytes in no encoding, long ones stand in records of
 * GNU's (`L`, `K`), which busybox knows too, unlike the pax headers that the libraries write.
 */
export type TarMember =
  | { readonly kind: 'file'; readonly path: Bytes; readonly mode: number; readonly time: bigint; readonly size: number }
  | { readonly kind: 'link'; readonly path: Bytes; readonly time: bigint; readonly target: Bytes }
  | { readonly kind: 'directory'; readonly path: Bytes; readonly mode: number };

const BLOCK = 512;
const FIELD = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  sum: 148,
  type: 156,
  target: 157,
  magic: 257,
};
const NAME_SIZE = 100;
const LARGEST_OCTAL = 0o77777777777;

/** What ends a tar. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/**
 * Everything of a member before its content; the content is followed by {@link tarPadding}.
 *
 * @param exactTimes with nanoseconds, in a pax header: only where the tar knows it
 */
export function tarHeader(member: TarMember, exactTimes: boolean): Buffer {
  const blocks: Buffer[] = [];
  const time = member.kind === 'directory' ? 0n : member.time > 0n ? member.time : 0n;
  const fraction = time % 1_000_000_000n;
  const seconds = Number(time / 1_000_000_000n);
  if (exactTimes && fraction > 0n) {
    blocks.push(...record('x', paxLine(`mtime=${seconds}.${fraction.toString().padStart(9, '0')}`)));
  }
  const name = bufferOf(member.path);
  const target = member.kind === 'link' ? bufferOf(member.target) : Buffer.alloc(0);
  if (target.length > NAME_SIZE) blocks.push(...record('K', terminated(target)));
  if (name.length > NAME_SIZE) blocks.push(...record('L', terminated(name)));
  blocks.push(
    header({
      name,
      target,
      seconds,
      type: member.kind === 'file' ? '0' : member.kind === 'link' ? '2' : '5',
      mode: member.kind === 'link' ? 0o777 : member.mode,
      size: member.kind === 'file' ? member.size : 0,
    }),
  );
  return Buffer.concat(blocks);
}

/** Zeros up to the next whole block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function record(type: string, content: Buffer): Buffer[] {
  const name = bufferOf('././@LongLink');
  const head = header({ name, target: Buffer.alloc(0), type, mode: 0o644, size: content.length, seconds: 0 });
  return [head, content, tarPadding(content.length)];
}

function header(fields: {
  readonly name: Buffer;
  readonly target: Buffer;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly seconds: number;
}): Buffer {
  const block = Buffer.alloc(BLOCK);
  fields.name.copy(block, FIELD.name, 0, NAME_SIZE);
  block.write(octal(fields.mode, 7), FIELD.mode);
  block.write(octal(0, 7), FIELD.uid);
  block.write(octal(0, 7), FIELD.gid);
  if (fields.size > LARGEST_OCTAL) {
    block.writeUInt8(0x80, FIELD.size);
    block.writeBigUInt64BE(BigInt(fields.size), FIELD.size + 4);
  } else {
    block.write(octal(fields.size, 11), FIELD.size);
  }
  block.write(octal(Math.min(fields.seconds, LARGEST_OCTAL), 11), FIELD.mtime);
  block.write(fields.type, FIELD.type);
  fields.target.copy(block, FIELD.target, 0, NAME_SIZE);
  block.write('ustar  \0', FIELD.magic);
  // The sum is made as if its own field were blanks.
  block.fill(' ', FIELD.sum, FIELD.sum + 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, FIELD.sum);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function terminated(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(1)]);
}

/** `LENGTH TEXT\n`, where the length counts its own digits too. */
function paxLine(text: string): Buffer {
  let size = text.length + 2;
  while (`${size}`.length + text.length + 2 !== size) size = `${size}`.length + text.length + 2;
  return Buffer.from(`${size} ${text}\n`);
}
