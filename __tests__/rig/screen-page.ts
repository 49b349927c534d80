import { COMMANDS, parseCommand } from './runner-commands.ts';

/** What people see of text in places that are no browser, as pages to take pictures of. */

const STYLE = `
  body { margin: 0; padding: 16px 20px; background: #0d1117; color: #e6edf3; width: max-content; min-width: 900px;
    font: 13px/1.55 ui-monospace, 'DejaVu Sans Mono', monospace }
  div { white-space: pre; min-height: 1.55em }
  i { display: inline-block; width: 3em; margin-right: 1.2em; color: #7d8590; font-style: normal; text-align: right }
  .bold { font-weight: bold } .dim { opacity: 0.7 }
  .red, .error b { color: #ff7b72 } .green { color: #3fb950 } .yellow, .warning b { color: #d29922 } .cyan { color: #39c5cf }
  .error { background: #da36331f } .warning { background: #bb80091f }
`;

/**
 * A step's log as GitHub shows it: numbered lines, folds closed, annotations in colour, commands gone.
 * @param shown the lines that are wanted, by their texts; the others are left out, with an ellipsis
 */
export function logPage(text: string, shown: (lines: readonly string[]) => readonly boolean[]): string {
  const lines: string[] = [];
  let folded = false;
  let token: string | undefined;
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const command = parseCommand(line, token === undefined ? COMMANDS : [token], 'strict');
    if (!command) {
      if (!folded) lines.push(`<span>${coloured(line)}</span>`);
    } else if (token !== undefined) token = undefined;
    else if (command.name === 'stop-commands') token = command.data;
    else if (command.name === 'group') lines.push(`<span>▸ ${coloured(command.data)}</span>`);
    else if (['error', 'warning', 'notice'].includes(command.name)) {
      const words = command.name.replace(/^./, (letter) => letter.toUpperCase());
      lines.push(
        `<span class="${command.name}"><b>${words}:</b> ${coloured(command.data.split('\n')[0] ?? '')}</span>`,
      );
    }
    if (command?.name === 'group') folded = true;
    else if (command?.name === 'endgroup') folded = false;
  }
  const wanted = shown(lines);
  const numbered = lines.map((line, index) => `<i>${index + 1}</i>${line}`);
  return page(numbered.flatMap((line, at) => (wanted[at] ? [line] : wanted[at - 1] ? ['<i>…</i>'] : [])));
}

/** What a terminal shows of lines with colours. */
export function terminalPage(text: string): string {
  return page(text.replace(/\n$/, '').split('\n').map(coloured));
}

function page(lines: readonly string[]): string {
  const body = lines.map((line) => `<div>${line}</div>`).join('\n');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>-</title><style>${STYLE}</style><body>${body}</body></html>`;
}

const CLASSES: Readonly<Record<string, string>> = {
  1: 'bold',
  2: 'dim',
  31: 'red',
  32: 'green',
  33: 'yellow',
  36: 'cyan',
};

// eslint-disable-next-line no-control-regex
const SEQUENCE = /(\x1b\[[0-9;?]*[A-Za-z])/;
// eslint-disable-next-line no-control-regex
const COLOUR = /^\x1b\[([0-9;]*)m$/;

/** Colours of ECMA-48 as elements; other escape sequences show nothing. */
function coloured(line: string): string {
  let now = new Set<string>();
  return line
    .split(SEQUENCE)
    .map((part) => {
      const codes = COLOUR.exec(part)?.[1];
      for (const code of codes?.split(';') ?? []) {
        if (code === '' || code === '0') now = new Set();
        else if (CLASSES[code]) now.add(CLASSES[code]);
        else if (code === '22') now = new Set([...now].filter((name) => name !== 'bold' && name !== 'dim'));
        else if (code === '39') now = new Set([...now].filter((name) => name === 'bold' || name === 'dim'));
      }
      if (part.startsWith('\x1b')) return '';
      const text = part.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
      return now.size === 0 || text === '' ? text : `<span class="${[...now].join(' ')}">${text}</span>`;
    })
    .join('');
}
