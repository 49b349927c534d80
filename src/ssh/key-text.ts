/** One key in its armour, mended: `pem` has a line for each part and ends in a newline. */
export interface KeyBlock {
  /** What stands behind BEGIN: `OPENSSH PRIVATE KEY`. */
  readonly label: string;
  /** Line of the text on which it begins, from 1. */
  readonly line: number;
  readonly pem: string;
  /** Says by its headers that it is encrypted (RFC 1421); other forms say so inside. */
  readonly encrypted: boolean;
}

/** A place of the text where a key was meant to be, and what is wrong with it. */
export interface KeyProblem {
  readonly line: number;
  readonly problem: string;
}

/*
 * text    = { anything | key }
 * key     = "-----BEGIN " label "-----" [ headers ] base64 "-----END " label "-----"
 * headers = "Proc-Type: 4,ENCRYPTED" "DEK-Info: " cipher "," hex
 *
 * Between these parts any blanks may stand: secrets often arrive on one line, indented, with CRLF, without the last
 * newline, or with `\n` spelled out. Nothing in a key can be taken for those, so they are mended without a word.
 */
const BEGIN = /-----BEGIN ([A-Z0-9][A-Z0-9 ]*)-----/g;
const HEADERS = /^\s*Proc-Type:\s*4,\s*ENCRYPTED\s+DEK-Info:\s*([A-Za-z0-9-]+,[0-9A-Fa-f]+)\s+/;
const WIDTH = 64;

/**
 * The keys of a text, in their order. What stands between them (comments, the `Bag Attributes` of openssl) is passed over.
 *
 * @param text as the user gave it; may be base64 as a whole
 */
export function splitKeys(text: string): (KeyBlock | KeyProblem)[] {
  const mended = mend(text);
  const begins = [...mended.matchAll(BEGIN)];
  return begins.map((begin, index) => {
    const line = mended.slice(0, begin.index).split('\n').length;
    const label = begin[1] ?? '';
    const rest = mended.slice(begin.index + begin[0].length, begins[index + 1]?.index);
    const end = rest.indexOf(`-----END ${label}-----`);
    if (end < 0) return { line, problem: `is cut off: "-----END ${label}-----" is missing` };
    return armour(label, rest.slice(0, end), line);
  });
}

function armour(label: string, content: string, line: number): KeyBlock | KeyProblem {
  const headers = HEADERS.exec(content);
  const base64 = content.slice(headers?.[0].length ?? 0).replace(/\s+/g, '');
  if (base64 === '') return { line, problem: 'is empty' };
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    return { line, problem: 'is damaged: there is something in it that is not base64' };
  }
  const pem = [
    `-----BEGIN ${label}-----`,
    ...(headers === null ? [] : ['Proc-Type: 4,ENCRYPTED', `DEK-Info: ${headers[1] ?? ''}`, '']),
    ...(base64.match(new RegExp(`.{1,${WIDTH}}`, 'g')) ?? []),
    `-----END ${label}-----`,
    '',
  ].join('\n');
  return { label, line, pem, encrypted: headers !== null };
}

function mend(text: string): string {
  const lines = text.replace(/\\+r\\+n|\\+[rn]|\r\n?/g, '\n');
  const word = lines.replace(/\s+/g, '');
  if (lines.includes('-----BEGIN ') || !/^[A-Za-z0-9+/]+={0,2}$/.test(word)) return lines;
  return Buffer.from(word, 'base64').toString('latin1').replace(/\r\n?/g, '\n');
}
