import { WAIT, type MakeMarks } from '../model/marks.ts';
import type { Bytes } from '../util/bytes.ts';
import type { Command } from './pass-world.ts';

const BEHIND = /[ \t]\.WAIT(?=$|[\s;&|()<>"'`])/g;
const FIRST = /(?<=["'`(=])\.WAIT(?:[ \t]|(?=["'`)]))/g;

/** A text without the word `.WAIT`, which a make before 4.4 puts into `$^` and the like. */
export function withoutWaits(text: Bytes): Bytes {
  return text.includes(WAIT) ? text.replace(BEHIND, '').replace(FIRST, '') : text;
}

/** A command as it would be if make knew `.WAIT`, for a target that has it among its prerequisites. */
export function plainCommand<C extends Command>(command: C, { waits }: Pick<MakeMarks, 'waits'>): C {
  if (waits.length === 0) return command;
  const { prerequisites, target } = command;
  const without = (names: readonly Bytes[]): readonly Bytes[] => names.filter((name) => name !== WAIT);
  const known = {
    ...command,
    prerequisites: prerequisites && {
      normal: without(prerequisites.normal),
      orderOnly: without(prerequisites.orderOnly),
    },
  };
  const isNamed = waits.some((name) => name === target || (name.includes('%') && matches(name, target)));
  if (!isNamed) return known;
  const text = withoutWaits(command.command);
  const argv = command.argv.map((word) => (word === command.command ? text : word));
  return { ...known, command: text, argv };
}

function matches(pattern: Bytes, target: Bytes): boolean {
  const [before = '', after = ''] = pattern.split('%', 2);
  const base = pattern.includes('/') ? target : target.slice(target.lastIndexOf('/') + 1);
  return base.length > before.length + after.length && base.startsWith(before) && base.endsWith(after);
}
