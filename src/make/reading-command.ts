import type { Bytes } from '../util/bytes.ts';

/** Stands for words that are not known; no byte is this character. */
export const PUT_IN = '\u2026';

/** Programs that write nothing but their output, whatever their arguments are. */
const READERS = new Set(
  (
    '[ arch basename cat cd cut dirname echo egrep expr false fgrep getconf grep head id ls nproc od printf pwd readlink ' +
    'realpath seq stat tail test tr true type uname wc which whoami'
  ).split(' '),
);

/** Other programs, and the arguments with which they only read. */
const SOMETIMES: readonly (readonly [program: RegExp, words: RegExp])[] = [
  [/^command$/, /^\s+-[vV]\s/],
  [/^hostname$/, /^(?:\s+-[a-zA-Z]+)*$/],
  [/^date$/, /^(?:\s+(?:-u|--utc|-R|-I\w*|\+\S*|Q))*$/],
  [/^find$/, /^(?![^]*\s-(?:exec|ok|delete|fprint|fls))/],
  [/^(?:sort|uniq)$/, /^(?:\s+-[a-nq-zA-Z]+)*$/],
  [/^sed$/, /^(?:\s+(?:-[nrE]+|(?:-e\s*)?Q))*$/],
  [
    /^git$/,
    /^(?:\s+-C\s+\S+)?\s+(?:rev-parse|rev-list|ls-files|log|show|describe)(?:\s|$)(?![^]*--(?:dirty|broken|output))/,
  ],
  [/^(?:\S*-)?pkg-config$/, /^(?![^]*--log)/],
  // `$(PKG_CONFIG) --cflags x`, `$(CC) -dumpmachine`.
  [/^\S*\u2026$/, /^\s+--(?:cflags|libs|exists|modversion)(?:\s+[\w.+\u2026-]+)*$/],
  [
    /^(?:\S*[-/\u2026])?(?:cc|gcc|g\+\+|c\+\+|clang|clang\+\+|ld|ar|python3?|perl|node|cmake|make)$|^\S*\u2026$/,
    /^\s+(?:-dump\w+|--version|-V|-print-[\w=./-]+)$/,
  ],
];

/** Words of the shell behind which a command stands, or which are all there is. */
const KEYWORD = /^(?:if|then|elif|else|while|until|do|!|time)\s+|^(?:fi|done|else|\})$/;
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=\S*(?:\s+|$)/;
const QUOTED = /'[^']*'|"(?:[^"\\`$]|\\[^]|\$(?!\())*"/g;
/** What sed may be told: to substitute, to print, to delete; never to write (`w`) or to execute (`e`). */
const SED = /^(['"])(?:s([/|,:#@])(?:(?!\2).)*\2(?:(?!\2).)*\2[gpI0-9]*;?\s*)+\1$|^(['"])(?:\/[^/]*\/|\d+)?[pdq]\3$/;
const NESTED = /^(?:\/bin\/)?sh\s+-c\s+(?:'([^']*)'|"([^"\\`$]*)")\s*(?:2>\s*\/dev\/null)?$/;

/**
 * Whether a command for sh is sure to change nothing: programs that are known to read, and no file that is written.
 * In doubt it is not.
 *
 * @param command with {@link PUT_IN} for what is not known
 */
export function readsOnly(command: Bytes): boolean {
  const text = command.trim();
  // Quotes that are none would hide what is between them.
  if (/\\['"]/.test(text)) return false;
  const nested = NESTED.exec(text);
  if (nested) return readsOnly(nested[1] ?? nested[2] ?? '');
  const quoted: Bytes[] = [];
  const bare = text.replace(QUOTED, (one) => {
    quoted.push(one);
    return 'Q';
  });
  if (/['"#]|\bcase\b/.test(bare)) return false;
  if (/\bsed\s/.test(bare) && !quoted.every((one) => SED.test(one))) return false;
  const still = bare.replace(/[0-9]?>\s*\/dev\/null(?![^\s;|&)`])|[0-9]?>&[0-9]/g, ' ');
  return !/[<>]/.test(still) && still.split(/\|\||&&|\$\(|[|;&()`\n{]/).every(isReader);
}

function isReader(piece: Bytes): boolean {
  let rest = piece.trim();
  for (let before = ''; before !== rest;) {
    before = rest;
    rest = rest.replace(KEYWORD, '').replace(ASSIGNMENT, '').trim();
  }
  if (rest === '' || /^for\s+\w+\s+in(?:\s|$)/.test(rest)) return true;
  const [, program = '', words = ''] = /^(\S+)([^]*)$/.exec(rest) ?? [];
  if (READERS.has(program.replace(/^(?:\/usr)?\/bin\//, ''))) return true;
  return SOMETIMES.some(([name, allowed]) => name.test(program) && allowed.test(words));
}
