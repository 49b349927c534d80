/** Longest line that is printed, in characters: the runner's live console stalls on very long ones. */
export const LINE_LIMIT = 4096;

/** Half a character or half a colour at a cut. */
// eslint-disable-next-line no-control-regex
const PARTIAL_END = /(?:[\ud800-\udbff]|\x1b(?:\[[0-9;:]*)?)$/;

/** Colours (SGR); GitHub's log shows them. */
// eslint-disable-next-line no-control-regex
const COLOUR = /\x1b\[[0-9;:]*m/g;

/** Every other escape (OSC with its text, CSI, a lone one): it moves the cursor, sets titles, or worse. */
// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b(?!\[[0-9;:]*m)(?:\[[0-?]*[ -/]*[@-~])?/g;

/**
 * C0 except tab, DEL, C1, and the marks that turn the direction of text, which make a line read as another than it is.
 * Dropped before anything is looked for, or they could hide a command that appears once they are gone.
 */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** What .NET skips when it compares text by culture, as the runner does when it looks for `##[`. */
const SKIPPED = '[\\p{Default_Ignorable_Code_Point}\\p{Cf}\\p{Mn}\\x1b]*';
const LEGACY_COMMAND = new RegExp(`#(${SKIPPED})#(?=${SKIPPED}\\[)`, 'gu');

/**
 * Untrusted text as lines that can be shown: split where the runner splits (CRLF, LF, lone CR), without control
 * characters except tabs and colours, every `##[` broken up, each line cut in its middle to {@link LINE_LIMIT}. An end
 * of line at the end begins no further line.
 */
export function cleanLines(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => cutMiddle(cleanLine(line), LINE_LIMIT));
}

/** Untrusted text on one line of at most `limit` characters: a title, a name. */
export function cleanTitle(text: string, limit = 200): string {
  return cutMiddle(cleanLine(text.replace(/[\r\n]+/g, ' ')), limit);
}

/**
 * Not plain ASCII, nor what every compiler prints: quotes, and Latin letters that are one character. Those have a weight of
 * their own in every culture, neither that of `:`, `#` or `[` nor none.
 */
const UNUSUAL = /[^\t\x20-\x7e\u2018\u2019\u201c\u201d\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]/;

/**
 * Whether the runner might take one of these lines for a command. Wider than its rules, which compare by culture: true
 * for `::` or `##[` (broken up or not) anywhere and for every unusual character.
 */
export function maybeCommand(lines: readonly string[]): boolean {
  return lines.map((line) => line.replace(COLOUR, '')).some((line) => /::|# ?#\[/.test(line) || UNUSUAL.test(line));
}

/** Text without colours, as patterns want it. */
export function withoutColours(text: string): string {
  return text.replace(COLOUR, '');
}

function cleanLine(line: string): string {
  return line.replace(ESCAPE, '').replace(CONTROL, '').replace(LEGACY_COMMAND, '#$1 #');
}

function cutMiddle(line: string, limit: number): string {
  if (line.length <= limit) return line;
  const note = ` [... ${line.length - limit} characters left out ...] `;
  const room = Math.max(0, limit - note.length);
  const head = line.slice(0, Math.ceil(room * 0.75)).replace(PARTIAL_END, '');
  const tail = line.slice(line.length - Math.floor(room * 0.25)).replace(/^[\udc00-\udfff]/, '');
  return head + note + tail;
}
