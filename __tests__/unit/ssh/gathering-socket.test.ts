import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { GatheringSocket } from '../../../src/ssh/gathering-socket.ts';

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
  const { _write, _writev } = Socket.prototype;
  jest.spyOn(Socket.prototype, '_write').mockImplementation(function (this: Socket, chunk: Buffer, ...rest) {
    calls.push(chunk.length);
    _write.call(this, chunk, ...rest);
  });
  jest.spyOn(Socket.prototype, '_writev').mockImplementation(function (this: Socket, chunks, ...rest) {
    for (const { chunk } of chunks as { chunk: Buffer }[]) calls.push(chunk.length);
    _writev?.call(this, chunks, ...rest);
  });
  socket = new GatheringSocket();
  socket.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  await once(socket, 'connect');
});

afterEach(() => {
  jest.restoreAllMocks();
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
