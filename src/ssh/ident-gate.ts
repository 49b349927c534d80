import type { Duplex } from 'node:stream';
import { excerpt } from '../util/excerpt.ts';

/** What a server may say before its identification (RFC 4253, 4.2): more than any notice. */
const MOST_BEFORE = 65536;
/** OpenSSH takes no longer line either. */
const LONGEST_LINE = 8192;

/**
 * Lets nothing through to whoever reads from `stream` before the line with which a server says that it speaks ssh (RFC 4253, 4.2),
 * and that line in one piece: ssh2 loses part of one that comes in three, and would wait for others without end. What comes
 * before it is dropped. A stream that has something else to say is destroyed, with an Error whose message is for people.
 *
 * @param onIdent called once
 */
export function gateIdent(stream: Duplex, onIdent: () => void): void {
  const pass = stream.push.bind(stream);
  let line = Buffer.alloc(0);
  let said = '';
  let size = 0;
  const refuse = (reason: string): boolean => {
    Reflect.deleteProperty(stream, 'push');
    const what = said.trim() === '' ? '' : `: it says ${excerpt(said.trim(), 80)}`;
    stream.destroy(new Error(`${reason}${what}`));
    return false;
  };
  stream.push = (chunk: Buffer | null): boolean => {
    if (chunk === null) {
      if (said !== '') return refuse('what answers there is no ssh server');
      Reflect.deleteProperty(stream, 'push');
      return pass(null);
    }
    if (said.length < 200) said += chunk.toString('latin1', 0, 200);
    size += chunk.length;
    line = Buffer.concat([line, chunk]);
    for (let end = line.indexOf(10); end >= 0; end = line.indexOf(10)) {
      if (line.toString('latin1', 0, 4) === 'SSH-') {
        Reflect.deleteProperty(stream, 'push');
        onIdent();
        return pass(line);
      }
      line = line.subarray(end + 1);
    }
    return size > MOST_BEFORE || line.length > LONGEST_LINE
      ? refuse('what answers there is no ssh server, or its greeting has no end')
      : true;
  };
}
