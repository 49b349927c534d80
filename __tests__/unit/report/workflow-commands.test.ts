import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WorkflowLog } from '../../../src/report/workflow-commands.ts';

const NAMES = [
  'group',
  'endgroup',
  'error',
  'warning',
  'notice',
  'debug',
  'add-mask',
  'set-output',
  'set-env',
  'add-path',
];

interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/**
 * The runner's rules, read as generously as they might be: lines end at CRLF, LF and lone CR; `::name …::data` counts at
 * the start of a trimmed line, `##[name …]data` anywhere; characters without width or meaning are skipped, as .NET does
 * when it compares by culture; while stopped only the token counts.
 */
function runnerReads(log: string): {
  readonly commands: Command[];
  readonly shown: string[];
  readonly stopped: boolean;
} {
  const commands: Command[] = [];
  const shown: string[] = [];
  let token: string | undefined;
  for (const line of log.split(/\r\n|\n|\r/)) {
    const command = parse(line, [...NAMES, 'stop-commands', ...(token === undefined ? [] : [token])]);
    if (command === undefined || (token !== undefined && command.name !== token)) {
      shown.push(line);
    } else if (token !== undefined) {
      token = undefined;
    } else if (command.name === 'stop-commands') {
      token = command.data;
    } else {
      commands.push(command);
    }
  }
  return { commands, shown, stopped: token !== undefined };
}

function parse(line: string, registered: readonly string[]): Command | undefined {
  for (const text of [line, line.replace(/[\p{Cc}\p{Cf}\p{Mn}\p{Default_Ignorable_Code_Point}]/gu, '')]) {
    const modern = /^::([^ ]*?)(?: (.*?))?::(.*)$/s.exec(text.trimStart());
    const legacy = /##\[([^ \]]*)(?: ([^\]]*))?\](.*)$/s.exec(text);
    for (const match of [modern, legacy]) {
      const name = registered.find((one) => one.toLowerCase() === match?.[1]?.toLowerCase());
      if (match === null || name === undefined) continue;
      const properties: Record<string, string> = {};
      for (const pair of (match[2] ?? '').split(match === modern ? ',' : ';')) {
        const [key = '', ...value] = pair.split('=');
        if (value.length > 0) properties[key] = unescape(value.join('='));
      }
      return { name, properties, data: unescape(match[3]) };
    }
  }
  return undefined;
}

function unescape(text = ''): string {
  const characters: Record<string, string> = { '%0D': '\r', '%0A': '\n', '%3A': ':', '%2C': ',', '%25': '%' };
  return text.replace(/%(?:0D|0A|3A|2C|25)/g, (escaped) => characters[escaped] ?? '');
}

function log(use: (log: WorkflowLog) => void): string {
  let text = '';
  let tokens = 0;
  use(
    new WorkflowLog(
      (piece) => (text += piece),
      () => `token${(tokens += 1)}`,
    ),
  );
  return text;
}

describe('text that could be a command', () => {
  test('stands between stop and resume, inside of the group', () => {
    expect(log((out) => out.group('a.o', 'x\n::error::y\n'))).toBe(
      '::group::a.o\n::stop-commands::token1\nx\n::error::y\n::token1::\n::endgroup::\n',
    );
  });

  test('has a token for each use', () => {
    const text = log((out) => {
      out.text('::a::');
      out.text('::b::');
    });
    expect(text).toBe('::stop-commands::token1\n::a::\n::token1::\n::stop-commands::token2\n::b::\n::token2::\n');
  });

  test.each(['##[error]x', 'a ##[group]', '##\u00ad[error]x', '\u200b::error::x', ':\0:error::x', 'é'])(
    '%j is guarded',
    (line) => {
      expect(log((out) => out.text(line))).toMatch(/^::stop-commands::token1\n.*\n::token1::\n$/);
    },
  );

  test('plain text has no token: each is a secret to the runner and a line of noise', () => {
    expect(log((out) => out.text('cc -c a.c\n\tok: done\n'))).toBe('cc -c a.c\n\tok: done\n');
  });

  test('legacy commands are broken up wherever they stand', () => {
    expect(log((out) => out.text('a##[error]b ###[[x'))).toContain('\na# #[error]b ## #[[x\n::token1::\n');
  });
});

describe('what is shown', () => {
  test.each([
    ['a\r\nb\rc\n', 'a\nb\nc\n'],
    ['no end', 'no end\n'],
    ['\n\n', '\n\n'],
    ['', ''],
    ['\x1b[31mred\x1b[0m', '\x1b[31mred\x1b[0m\n'],
    ['a\0b\x07c\x7f\x1b[2Jd\x1b]0;title\x07e\x1bf', 'abcdef\n'],
  ])('%j', (text, shown) => {
    expect(log((out) => out.text(text))).toBe(shown);
  });

  test('a long line is cut in its middle and says so', () => {
    const text = log((out) => out.text(`begin${'x'.repeat(100_000)}end`));
    expect(text.length).toBeLessThanOrEqual(4097);
    expect(text).toMatch(/^begin.* \[\.\.\. 95912 characters left out \.\.\.\] .*end\n$/);
  });

  test('a title is one line', () => {
    expect(log((out) => out.group('a\n::error::x%0A', 'y'))).toBe('::group::a ::error::x%250A\ny\n::endgroup::\n');
  });
});

describe('annotations', () => {
  test('are escaped as the runner undoes it', () => {
    const place = { title: 'a,b: 100%\nc', file: 'src/a,b:c.c', line: 3, col: 5 };
    const text = log((out) => out.error(place, '50%\r\nnext: a,b'));
    expect(text).toBe('::error title=a%2Cb%3A 100%25 c,file=src/a%2Cb%3Ac.c,line=3,col=5::50%25%0Anext: a,b\n');
    expect(runnerReads(text).commands).toEqual([
      {
        name: 'error',
        properties: { title: 'a,b: 100% c', file: 'src/a,b:c.c', line: '3', col: '5' },
        data: '50%\nnext: a,b',
      },
    ]);
  });

  test('messages are cut at 4096', () => {
    const text = log((out) => out.warning('line\n'.repeat(2000)));
    expect(runnerReads(text).commands[0]?.data).toHaveLength(4096);
  });

  test('10 errors, the rest are printed and counted in one notice', () => {
    const text = log((out) => {
      for (let index = 1; index <= 13; index += 1) out.error({}, `e${index}`);
      out.finish();
      out.finish();
    });
    const { commands, shown } = runnerReads(text);
    expect(commands.filter((command) => command.name === 'error')).toHaveLength(10);
    expect(shown).toEqual(['Error: e11', 'Error: e12', 'Error: e13', '']);
    expect(commands.at(-1)).toEqual({
      name: 'notice',
      properties: {},
      data: '3 more errors are in the log: a step shows at most 10.',
    });
    expect(commands).toHaveLength(11);
  });

  test('a place for that notice is kept', () => {
    const text = log((out) => {
      for (let index = 0; index < 20; index += 1) out.notice('n');
      for (let index = 0; index < 11; index += 1) out.error({}, 'e');
      out.finish();
    });
    expect(runnerReads(text).commands.filter((command) => command.name === 'notice')).toHaveLength(10);
  });
});

/** Text made of what is dangerous: commands, their pieces, line ends, invisible characters, any characters. */
const evil = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '::',
        '##[',
        '#',
        '[',
        ']',
        ':',
        '%',
        '%0A',
        '\r',
        '\n',
        '\r\n',
        ' ',
        '\t',
        '\0',
        '\x1b',
        '\x1b[31m',
        '\x1b[0m',
      ),
      fc.constantFrom(
        '\u00ad',
        '\u200b',
        '\ufeff',
        '\u0085',
        '\u00a0',
        '\u2028',
        '\u202e',
        '\x1b]0;',
        '\x07',
        '=',
        ',',
        ';',
        'é',
      ),
      fc.constantFrom(
        'error',
        'group',
        'endgroup',
        'stop-commands',
        'token1',
        'token2',
        'add-mask',
        '::error::x',
        '##[error]x',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 25 },
  )
  .map((pieces) => pieces.join(''));

describe('whatever recipes print and targets are called', () => {
  // Real tokens cannot be guessed; here they must not be among the words above.
  const secret = (): { log: WorkflowLog; text: () => string } => {
    let text = '';
    let tokens = 0;
    return {
      log: new WorkflowLog(
        (piece) => (text += piece),
        () => `secret${(tokens += 1)}`,
      ),
      text: () => text,
    };
  };

  test('text is no command, and leaves commands on', () => {
    fc.assert(
      fc.property(evil, evil, (first, second) => {
        const out = secret();
        out.log.text(first);
        out.log.text(second);
        expect(runnerReads(out.text())).toMatchObject({ commands: [], stopped: false });
      }),
      { numRuns: 3000 },
    );
  });

  test('a fold is one group and nothing else', () => {
    fc.assert(
      fc.property(evil, evil, (title, text) => {
        const out = secret();
        out.log.group(title, text);
        const { commands, stopped } = runnerReads(out.text());
        expect(commands.map((command) => command.name)).toEqual(['group', 'endgroup']);
        expect(stopped).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  test('an annotation is one command with these properties and no others', () => {
    fc.assert(
      fc.property(evil, evil, evil, (title, file, message) => {
        const out = secret();
        out.log.error({ title, file, line: 1 }, message);
        const { commands, stopped } = runnerReads(out.text());
        expect(commands).toHaveLength(1);
        expect(commands[0]?.name).toBe('error');
        expect(
          Object.keys(commands[0]?.properties ?? {}).filter((key) => !['title', 'file', 'line'].includes(key)),
        ).toEqual([]);
        expect(commands[0]?.properties['line']).toBe('1');
        expect(stopped).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  test('the rules above do find commands', () => {
    expect(runnerReads('x\r ::error::a\ny ##[warning]b').commands.map((command) => command.name)).toEqual([
      'error',
      'warning',
    ]);
    expect(runnerReads('::stop-commands::t\n::error::a\n::t::\n::notice::b').commands.map((one) => one.name)).toEqual([
      'notice',
    ]);
  });
});
