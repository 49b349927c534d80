import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { GatheringSocket } from '../../../src/ssh/gathering-socket.ts';

class Watched extends GatheringSocket {
  override _write(chunk: Buffer, ...rest: [BufferEncoding, (error?: Error | null) => void]): void {
    calls.push(chunk.length);
    super._write(chunk, ...rest);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    for (const { chunk } of chunks) calls.push(chunk.length);
    super._writev?.(chunks, done);
  }
}

let server: Server;
let socket: GatheringSocket;
let received: Promise<string>;
/** Sizes of what was handed to the system, one call each. */
let calls: number[];

beforeEach(async () => {
  received = new Promise((resolve) => {
    server = createServer((peer) => {
      let text = '';
      peer.on('data', (chunk) => (text += chunk.toString()));
      peer.on('end', () => resolve(text));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  calls = [];
  socket = new Watched();
  socket.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  await once(socket, 'connect');
});

afterEach(() => {
  socket.destroy();
  server.close();
});

test('what is written in one turn is one write, in order', async () => {
  for (const piece of ['one ', Buffer.from('two '), 'three ']) socket.write(piece);
  await new Promise((resolve) => setImmediate(resolve));
  socket.write('four');
  socket.end();
  expect(await received).toBe('one two three four');
  expect(calls).toEqual([14, 4]);
});

test('what is written right before its end goes out', async () => {
  socket.write('last ');
  socket.write('words');
  socket.end();
  expect(await received).toBe('last words');
  expect(calls).toEqual([10]);
});

test('a full socket says so, and drains', async () => {
  const piece = Buffer.alloc(1 << 20, 'x');
  let n = 0;
  for (; n < 200 && !socket.writableNeedDrain; n++) {
    socket.write(piece);
    await new Promise((resolve) => process.nextTick(resolve));
  }
  expect(socket.write('y')).toBe(false);
  await once(socket, 'drain');
  socket.end();
  expect((await received).length).toBe(n * piece.length + 1);
});
