import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { encodeFields, encodeFrame, FieldReader, FrameReader } from '../../../src/make/frames.ts';

test('messages come out as they went in, however the stream is cut', () => {
  const frame = fc.record({ type: fc.constantFrom('S', 'M', '1'), payload: fc.uint8Array({ maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat(60)), (frames, cuts) => {
      const sent = frames.map(({ type, payload }) => ({ type, payload: Buffer.from(payload) }));
      const stream = Buffer.concat(sent.map(({ type, payload }) => encodeFrame(type, payload)));
      const reader = new FrameReader();
      const got = [];
      let at = 0;
      for (const cut of [...cuts, stream.length]) got.push(...reader.push(stream.subarray(at, (at += cut))));
      expect(got).toEqual(sent);
    }),
  );
});

test('a length that makes no sense is refused at once', () => {
  expect(() => new FrameReader().push(Buffer.from([255, 255, 255, 255, 83]))).toThrow('message');
});

test('fields', () => {
  const fields = new FieldReader(encodeFields([7, 'a b', '', '\xff', 'rest']));
  expect([fields.number(), fields.text(), fields.list(2), fields.rest()]).toEqual([7, 'a b', ['', '\xff'], ['rest']]);
  expect(() => fields.text()).toThrow('too few');
  expect(() => new FieldReader(encodeFields(['x'])).number()).toThrow('Not a number');
});
