import { resolve } from 'node:path/posix';

import { TargetSet } from '../engine/dist-set.ts';
import { callsMake } from '../engine/make-flags.ts';
import { PLUS, WAIT, type MakeMarks } from '../model/marks.ts';
import type { Bytes } from '../util/bytes.ts';
import type { DataBaseRule } from './data-base.ts';
import type { ConcurrencyMark, GroupHeader, MarkTexts } from './mark-lines.ts';

/**
 * The marks of a make, by its data base and the texts of its makefiles: names are those of the data base, which is
 * expanded; order and empty lists are those of the texts.
 *
 * @param directory of that make, absolute
 * @param waits whether make takes `.WAIT` for a file
 */
export function parseMarks(
  rules: readonly DataBaseRule[],
  texts: MarkTexts,
  { directory, waits }: { readonly directory: Bytes; readonly waits: boolean },
): Omit<MakeMarks, 'writes'> {
  const listed = (name: Bytes): readonly Bytes[] | undefined => {
    const found = rules.filter(({ target, pattern }) => target === name && !pattern);
    return found.length === 0 ? undefined : found.flatMap(({ normal, orderOnly }) => [...normal, ...orderOnly]);
  };
  const dist = listed('.DIST');
  const local = listed('.LOCAL');
  const parallel = listed('.PARALLEL');
  const noParallel = listed('.NO_PARALLEL');
  const isBare = (mark: ConcurrencyMark): boolean => texts.lines.some((line) => line.mark === mark && line.bare);
  const bareLocal = local !== undefined && isBare('local');
  const groups = parseGroups(rules, texts.headers, directory);
  const alone = [...(local ?? []), ...(noParallel ?? [])];
  const isLastParallel = (target: Bytes): boolean => {
    if (!alone.includes(target)) return true;
    const others = Math.max(...(['local', 'no-parallel'] as const).map((mark) => lastPlace(texts, mark, target)));
    return lastPlace(texts, 'parallel', target) > others;
  };
  const together = (parallel ?? []).filter(isLastParallel);
  return {
    dist,
    local: local ?? [],
    parallel: together,
    noParallel: alone.filter((target) => !together.includes(target)),
    bare:
      parallel !== undefined && (parallel.length === 0 || isBare('parallel'))
        ? 'parallel'
        : (noParallel !== undefined && (noParallel.length === 0 || isBare('no-parallel'))) || bareLocal
          ? 'no-parallel'
          : undefined,
    dmake: parallel !== undefined || noParallel !== undefined || bareLocal || groups.length > 0,
    groups,
    ...parseNested(rules),
    waits: waits ? rules.flatMap(({ target, normal }) => (normal.includes(WAIT) ? [target] : [])) : [],
  };
}

/** Where a target is marked last: the line with its name, or with a variable that may hold it. -1: nowhere. */
function lastPlace({ lines }: MarkTexts, mark: ConcurrencyMark, target: Bytes): number {
  const last = (is: (word: Bytes) => boolean): number =>
    lines.findLastIndex((line) => line.mark === mark && line.words.some(is));
  const named = last((word) => word === target);
  const held = named >= 0 ? named : last((word) => word.includes('$'));
  return held >= 0 ? held : last(() => true);
}

function parseNested(rules: readonly DataBaseRule[]): Pick<MakeMarks, 'nested' | 'notNested'> {
  const made = rules.flatMap(({ recipe, ...rule }) => (recipe ? [{ ...rule, calls: isNested(recipe.text) }] : []));
  const nested = made.filter(({ calls }) => calls);
  const patterns = new TargetSet(nested.flatMap(({ target, pattern }) => (pattern ? [target] : [])));
  const own = made.filter(({ target, pattern, calls }) => !calls && !pattern && patterns.match(target) !== undefined);
  return { nested: nested.map(({ target }) => target), notNested: own.map(({ target }) => target) };
}

/** Whether a recipe, before it is expanded, calls make: by the macro, or by its name. */
function isNested(recipe: Bytes): boolean {
  return /\$(?:\(MAKE\)|\{MAKE\})/.test(recipe) || callsMake(recipe.replace(/^[\s@+-]+/gm, ''));
}

/** A group are the targets of one rule with `+`; they are known by where their recipe stands. */
function parseGroups(
  rules: readonly DataBaseRule[],
  headers: readonly GroupHeader[],
  directory: Bytes,
): readonly (readonly Bytes[])[] {
  const made = rules.filter(({ pattern, recipe, target }) => !pattern && recipe !== undefined && target !== PLUS);
  const groups: (readonly Bytes[])[] = [];
  for (const { file, first, last, groups: literal } of headers) {
    const here = made
      .filter(({ recipe }) => {
        if (recipe?.file === undefined || resolve(directory, recipe.file) !== resolve(directory, file)) return false;
        return recipe.line >= first && recipe.line <= last;
      })
      .map(({ target }) => target);
    groups.push(...(literal?.map((group) => group.filter((name) => here.includes(name))) ?? [here]));
  }
  // One that was evaluated has no line of its own; of several, make knows the last.
  const plus = rules.find(({ target }) => target === PLUS)?.recipe;
  const known = new Set(groups.flat());
  if (plus?.file !== undefined) {
    const beside = made.filter(({ recipe }) => recipe?.file === plus.file && recipe?.line === plus.line);
    groups.push(beside.map(({ target }) => target).filter((target) => !known.has(target)));
  }
  return groups.filter((group) => group.length > 1);
}
