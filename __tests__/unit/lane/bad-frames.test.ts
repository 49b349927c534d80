import { describe, expect, test } from '@jest/globals';
import { Duplex, Readable } from 'node:stream';
import type { Lane, LaneSetup } from '../../../src/engine/ports.ts';
import type { LaneStream } from '../../../src/lane/lane-stream.ts';
import { PerlLane } from '../../../src/lane/perl-lane.ts';
import { ShLane } from '../../../src/lane/sh-lane.ts';
import { bytesOf } from '../../../src/util/bytes.ts';

const SETUP: LaneSetup = {
  staging: '/tmp/s',
  workspace: '/w',
  number: 1,
  create: true,
  sandbox: 'overlay',
  partial: false,
  token: undefined,
  setup: '',
  startup: '',
  ownersFile: 'optional',
  patience: 15,
};

/** A host that greets as it should and answers the first frame after that with these bytes, then ends. */
function host(hello: string, answer: string): LaneStream {
  let greeted = false;
  let answered = false;
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      if (!greeted) {
        greeted = true;
        const nonce = /distmake-[0-9a-f]{24}/.exec(bytesOf(chunk))?.[0] ?? '';
        this.push(Buffer.from(`\n${nonce} ready\n${hello}\n`, 'latin1'));
      } else if (!answered) {
        answered = true;
        this.push(Buffer.from(answer, 'latin1'));
        this.push(null);
      }
      done();
    },
  });
  return Object.assign(stream, { stderr: new Readable({ read: () => undefined }) });
}

async function job(lane: Lane): Promise<string[]> {
  const seen: string[] = [];
  const ran = await lane.run(
    {
      entries: [],
      directory: '',
      path: '',
      argv: ['true'],
      environment: [],
      umask: 0o022,
      recipe: 1,
      merge: false,
      visible: undefined,
      keep: undefined,
    },
    {
      onApplied: () => undefined,
      onText: (descriptor, data) => void seen.push(`${descriptor}:${bytesOf(data)}`),
      onEnd: (outcome, _seconds, load) => void seen.push(`${outcome.kind}${load ? ` ${load.join('/')}` : ''}`),
      onOutput: (output) => void seen.push(`${output.kind} ${output.path}`),
    },
    new AbortController().signal,
  );
  return ran ? seen : ['busy'];
}

const openPerl = async (facts: string, answer: string): Promise<Lane> =>
  PerlLane.open(host(`hello 1 overlay gzip ${facts} /tmp/s/tree`, answer), '', SETUP);
const openSh = async (facts: string, answer: string): Promise<Lane> =>
  ShLane.open(host(`hello 1 find exact ${facts} /tmp/s/l1/tree`, answer), '', { ...SETUP, sandbox: 'tree' });
const perl = async (answer: string, facts = '1 - -'): Promise<string[]> => job(await openPerl(facts, answer));
const sh = async (answer: string, facts = '1 - -'): Promise<string[]> => job(await openSh(facts, answer));

describe('of what comes from a host', () => {
  test('what a lane sends is taken', async () => {
    const outputs =
      'f 4755 1700000000000000000 1 0 1\nax' + 'l 0 1 1\nbt' + 'd 755 1\nc' + 'x 1\nd' + 'u 1\ne' + 's 1\ng';
    expect(await perl(`out 1 2 3\nabcend 1 exit 0 5 0.25,1.5,12.00\n${outputs}.\n`)).toEqual([
      ...['2:abc', 'exited 0.25/1.5/12', 'file a', 'link b', 'directory c', 'removed d', 'unknown e', 'special g'],
    ]);
    expect(await sh('end 1 exit 0 50000 1,2,3 2 1 12 0\nabc//X ./d\n//.\n')).toEqual([
      '1:ab',
      '2:c',
      'exited 1/2/3',
      'removed d',
    ]);
  });

  test('words that no lane says end it, and are shown', async () => {
    const begin = 'end 1 exit 0 5 -\n';
    const bad = [
      'hello',
      'out 2 1 3',
      'out 1 0 3',
      'out 1 3 3',
      'out 1 1 -3',
      'out 1 1 1e3',
      'out 1 1 9007199254740993',
      'out 1 1 3 4',
      'out 1 1',
      'end 2 exit 0 5 -',
      'end 1 stop 0 5 -',
      'end 1 exit -1 5 -',
      'end 1 exit 256 5 -',
      'end 1 exit 0 x -',
      `${begin}out 1 1 3`,
      `${begin}end 1 exit 0 5 -`,
      `${begin}lost 2 no`,
      `${begin}f 10000 1 1 0 1`,
      `${begin}f 888 1 1 0 1`,
      `${begin}f 644 -1 1 0 1`,
      `${begin}f 644 1.5 1 0 1`,
      `${begin}f 644 1 -1 0 1`,
      `${begin}f 644 1 99999999999999999999 0 1`,
      `${begin}f 644 1 1 2 1`,
      `${begin}f 644 1 1 0 4097`,
      `${begin}f 644 1 1 0 0x1`,
      `${begin}f 644 1 1 1`,
      `${begin}l 1 4097 1`,
      `${begin}d 1755 1`,
      `${begin}x 4097`,
      `${begin}x`,
      `${begin}y 1`,
      `${begin}`,
      'end 1 exit 0 5',
      'end 1 exit 0 5 1,2',
      'end 1 exit 0 5 1,2,3,4',
      'end 1 exit 0 5 1,2,-3',
      'end 1 exit 0 5 1,2,1e400',
      'end 1 exit 0 5 1,2,99999999',
      'end 1 exit 0 5 ,,',
      'end 1 exit 0 5 nan,0,0',
      'busy 1',
      'load -',
      'applied 0 0',
      '',
    ];
    for (const text of bad) {
      const last = text.split('\n').at(-1) ?? '';
      await expect(perl(`${text}\nabc`)).rejects.toThrow(`it sent what no lane sends: "${last}"`);
    }
    await expect(perl('\x1b[31mred\xff\n')).rejects.toThrow('it sent what no lane sends: "\\x1b[31mred\ufffd"');
    await expect(perl(`${'x'.repeat(200)}\n`)).rejects.toThrow(`it sent what no lane sends: "${'x'.repeat(80)}…"`);
    for (const text of [
      'end 2 exit 0 1 - 0 0 0 0',
      'end 1 exit 0 1 - 0 0 0',
      'end 1 exit 0 1 - -1 0 0 0',
      'end 1 exit 0 1 1,2 0 0 0 0',
      'busy 1',
      'applied',
      'lost 3 x',
    ]) {
      await expect(sh(`${text}\n`)).rejects.toThrow(`it sent what no lane sends: "${text}"`);
    }
    await expect(sh('end 1 exit 0 1 - 0 0 999999999999 0\n')).rejects.toThrow('it sent what no lane sends');
    await expect(sh('end 1 exit 0 1 - 0 0 8 0\n//X ./d\n')).rejects.toThrow('unexpected listing');
  });

  test('that there is no place for a job is believed where there is a cap, before anything else comes', async () => {
    for (const run of [perl, sh]) {
      expect(await run('busy 1\n', '8 2 1,2,3')).toEqual(['busy']);
      await expect(run('busy 2\n', '8 2 1,2,3')).rejects.toThrow('it sent what no lane sends: "busy 2"');
    }
    await expect(perl('out 1 1 3\nabcbusy 1\n', '8 2 1,2,3')).rejects.toThrow('it sent what no lane sends: "busy 1"');
  });

  test('facts and load are taken as they come, or not at all', async () => {
    for (const open of [openPerl, openSh]) {
      const lane = await open('8 2 0.5,1.25,3', 'load 4,5.5,0.01\n');
      expect(lane.facts).toEqual({ processors: 8, cap: 2, load: [0.5, 1.25, 3] });
      expect(await lane.load()).toEqual([4, 5.5, 0.01]);
      expect(await (await open('1 - -', 'load -\n')).load()).toBeUndefined();
      for (const answer of ['load', 'load 1,2', 'load x', 'load 1,2,3 4', 'applied', 'load 1,2,3.']) {
        const bad = await open('1 - -', `${answer}\n`);
        await expect(bad.load()).rejects.toThrow(`it sent what no lane sends: "${answer}"`);
      }
    }
  });

  test('a lane that gives up is believed, in words that a log can show', async () => {
    await expect(perl('out 1 1 1\nxlost 1 no space left\x07\x1b\xff\n')).rejects.toThrow(/^no space left\?\?\?$/);
    await expect(perl('end 1 exit 0 5 -\nlost 1 cut off\n')).rejects.toThrow(/^cut off$/);
    await expect(sh('lost 1 no space left\n')).rejects.toThrow(/^no space left$/);
  });

  test('a stream that ends too early is no result', async () => {
    const whole = 'out 1 1 3\nabcend 1 exit 0 5 1,2,3\nf 644 1 5 0 1\na12345l 1 2 1\nbcc.\n';
    expect(await perl(whole)).toHaveLength(4);
    for (let size = 0; size < whole.length; size++) {
      await expect(perl(whole.slice(0, size))).rejects.toHaveProperty('name', 'EndOfStream');
    }
  });

  test('a greeting that is none ends it', async () => {
    for (const hello of [
      'hello 2 overlay gzip 1 - - /t',
      'hello 1 shared gzip 1 - - /t',
      'hello 1 overlay zip 1 - - /t',
      'hello 1 overlay gzip 0 - - /t',
      'hello 1 overlay gzip 100000 - - /t',
      'hello 1 overlay gzip 1 0 - /t',
      'hello 1 overlay gzip 1 10000 - /t',
      'hello 1 overlay gzip 1 -1 - /t',
      'hello 1 overlay gzip 1 - 0.1 /t',
      'hello 1 overlay gzip /t',
      'hello',
      'hi',
    ]) {
      await expect(PerlLane.open(host(hello, ''), '', SETUP)).rejects.toThrow('it sent what no lane sends');
    }
    await expect(ShLane.open(host('hello 1 ls exact 1 - - /t', ''), '', SETUP)).rejects.toThrow(
      'it sent what no lane sends',
    );
    await expect(PerlLane.open(host('refused cannot make\x1b[0m', ''), '', SETUP)).rejects.toThrow('cannot make?[0m');
  });
});
