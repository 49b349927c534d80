import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WorkflowLog } from '../../../src/report/workflow-commands.ts';
import { RunnerLog } from '../../rig/runner-log.ts';
import { evilText } from './evil-text.ts';

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

  test.each([
    '##[error]x',
    'a ##[group]',
    '##\u00ad[error]x',
    '\u200b::error::x',
    ':\0:error::x',
    'e\u0301',
    '\uff1a',
    '\u3000',
  ])('%j is guarded', (line) => {
    expect(log((out) => out.text(line))).toMatch(/^::stop-commands::token1\n.*\n::token1::\n$/);
  });

  test('plain text has no token: each is a secret to the runner and a line of noise', () => {
    for (const text of ['cc -c a.c\n\tok: done\n', 'a.c:1:2: warning: unused variable ‘naïve’ “É”\n'])
      expect(log((out) => out.text(text))).toBe(text);
    expect(log((out) => out.text('‘::error::x’\n'))).toContain('::stop-commands::');
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
    expect(new RunnerLog(text).annotations).toEqual([
      {
        level: 'error',
        message: '50%\nnext: a,b',
        title: 'a,b: 100% c',
        file: 'src/a,b:c.c',
        line: '3',
        col: '5',
        properties: ['title', 'file', 'line', 'col'],
      },
    ]);
  });

  test('a file is one line without what is not shown, and else unchanged', () => {
    const file = `src/${'d/'.repeat(300)}a\x1b[2J\u202e\0.c`;
    const { annotations } = new RunnerLog(log((out) => out.error({ file }, 'x')));
    expect(annotations.map((one) => one.file)).toEqual([`src/${'d/'.repeat(300)}a.c`]);
  });

  test('messages are cut at 4096', () => {
    const text = log((out) => out.warning('line\n'.repeat(2000)));
    expect(new RunnerLog(text).annotations[0]?.message).toHaveLength(4096);
  });

  test('10 errors, the rest are printed and counted in one notice', () => {
    const text = log((out) => {
      for (let index = 1; index <= 13; index += 1) out.error({}, `e${index}`);
      out.finish();
      out.finish();
    });
    const { annotations, shown } = new RunnerLog(text);
    expect(annotations.filter(({ level }) => level === 'error')).toHaveLength(10);
    expect(shown).toEqual(['Error: e11', 'Error: e12', 'Error: e13']);
    expect(annotations.at(-1)).toMatchObject({
      level: 'notice',
      message: '3 more errors are in the log: a step shows at most 10.',
    });
    expect(annotations).toHaveLength(11);
  });

  test('it tells how many are left', () => {
    log((out) => {
      expect(out.left('error')).toBe(10);
      for (let index = 0; index < 13; index += 1) out.error({}, 'e');
      out.warning('w');
      expect((['error', 'warning', 'notice'] as const).map((level) => out.left(level))).toEqual([0, 9, 10]);
    });
  });

  test('a place for that notice is kept', () => {
    const text = log((out) => {
      for (let index = 0; index < 20; index += 1) out.notice('n');
      for (let index = 0; index < 11; index += 1) out.error({}, 'e');
      out.finish();
    });
    expect(new RunnerLog(text).of('notice')).toHaveLength(10);
  });
});

describe('what stands beside the `::` of a command', () => {
  // Else a runner that compares by culture does not find it.
  test.each(['\u0301x', '\u200bx', '\ufe0fx', '\u{1f3fb}x', '\u{600}x', '\x1b[31mx'])(
    '%j keeps its distance',
    (title) => {
      const text = log((out) => {
        out.group(title, 'y');
        out.error({ title }, title);
        out.error({ file: `x${title.slice(0, -1)}` }, 'message');
      });
      for (const reading of ['generous', 'strict'] as const)
        expect(new RunnerLog(text, reading).commands).toEqual(['group', 'endgroup', 'error', 'error']);
    },
  );
});

describe('whatever recipes print and targets are called', () => {
  // Real tokens cannot be guessed; here they must not be among the words of the text.
  const secret = (use: (log: WorkflowLog) => void): readonly RunnerLog[] => {
    let text = '';
    let tokens = 0;
    use(
      new WorkflowLog(
        (piece) => (text += piece),
        () => `secret${(tokens += 1)}`,
      ),
    );
    return [new RunnerLog(text), new RunnerLog(text, 'strict')];
  };

  test('text is no command, and leaves commands on', () => {
    fc.assert(
      fc.property(evilText, evilText, (first, second) => {
        const logs = secret((out) => {
          out.text(first);
          out.text(second);
        });
        for (const log of logs) expect(log).toMatchObject({ commands: [], unfinished: false });
      }),
      { numRuns: 1500 },
    );
  });

  test('a fold is one group and nothing else', () => {
    fc.assert(
      fc.property(evilText, evilText, (title, text) => {
        for (const log of secret((out) => out.group(title, text)))
          expect(log).toMatchObject({ commands: ['group', 'endgroup'], unfinished: false, unbalanced: 0 });
      }),
      { numRuns: 1500 },
    );
  });

  test('an annotation is one command with these properties and no others', () => {
    fc.assert(
      fc.property(evilText, evilText, evilText, (title, file, message) => {
        for (const log of secret((out) => out.error({ title, file, line: 1 }, message))) {
          expect(log).toMatchObject({ commands: ['error'], unfinished: false });
          const [annotation] = log.annotations;
          expect(annotation?.properties.filter((key) => !['title', 'file', 'line'].includes(key))).toEqual([]);
          expect(annotation?.line).toBe('1');
        }
      }),
      { numRuns: 1500 },
    );
  });

  test('the rules by which that is judged do find commands', () => {
    const found = (text: string): readonly string[] => new RunnerLog(text).commands;
    expect(found('x\r ::error::a\ny ##[warning]b')).toEqual(['error', 'warning']);
    expect(found('::stop-commands::t\n::error::a\n::t::\n::notice::b')).toEqual(['notice']);
    expect(found('\u3000\u0085\f::ERROR file=a::x')).toEqual(['error']);
    expect(found(':\u200b:error:\0:x\n#\u00ad#[add-mask]x')).toEqual(['error', 'add-mask']);
    expect(new RunnerLog('::group::a\n::group::b\n::endgroup::\n::endgroup::').unbalanced).toBe(2);
    expect(new RunnerLog('::group::\u0301a', 'strict').commands).toEqual([]);
  });
});
