import { expect, test } from '@jest/globals';
import { LogView } from '../../../scripts/demo/log-view.mjs';
import { declaredInputs, parseFileCommands } from '../../../scripts/demo/step.mjs';

function shown(...chunks: string[]) {
  const lines: string[] = [];
  const view = new LogView((line) => lines.push(line), false);
  for (const chunk of chunks) view.write(chunk);
  view.end();
  return { lines, annotations: view.annotations };
}

test('groups are indented, and end', () => {
  const { lines } = shown('::group::a.o  one\ncc a', '.c\r\n::endgroup::\n##[group]b.o\nx\n##[endgroup]\nend');
  expect(lines).toEqual(['▾ a.o  one', '  cc a.c', '▾ b.o', '  x', 'end']);
});

test('annotations keep their place and are unescaped', () => {
  const { lines, annotations } = shown('::error file=src/a%2Cb.c,line=3,title=x::one%0Atwo 100%25\n::notice::n\n');
  expect(lines).toEqual(['Error: one', 'two 100%', 'Notice: n']);
  expect(annotations).toEqual([
    { level: 'error', text: 'one\ntwo 100%', place: 'src/a,b.c:3' },
    { level: 'notice', text: 'n', place: '' },
  ]);
});

test('stopped commands are text until the token comes', () => {
  const { lines, annotations } = shown('::stop-commands::tok\n::error::no\n##[error]no\n::tok::\n::error::yes\n');
  expect(lines).toEqual(['::error::no', '##[error]no', 'Error: yes']);
  expect(annotations).toHaveLength(1);
});

test('masks hide what follows, debug is not shown, unknown commands are', () => {
  expect(shown('::add-mask::secret\n::debug::x\nmy secret\n::what::ever\n').lines).toEqual(['my ***', '::what::ever']);
});

test('values of file commands', () => {
  const text = 'a=b=c\nlist<<EOF1\none\ntwo=2\nEOF1\nempty<<E\nE\n';
  expect([...parseFileCommands(text)]).toEqual([
    ['a', 'b=c'],
    ['list', 'one\ntwo=2'],
    ['empty', ''],
  ]);
  expect(() => parseFileCommands('a<<X\nb\n')).toThrow('no end «X» for a');
});

test('inputs of an action.yml with their defaults', () => {
  const text =
    "name: x\ninputs:\n  one:\n    description: 'd: e'\n  two-b:\n    default: 'true'\n\nruns:\n  main: x\n    default: no\n";
  expect(declaredInputs(text)).toEqual({ one: '', 'two-b': 'true' });
});
