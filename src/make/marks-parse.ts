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
  const alone = new Set([...(local ?? []), ...(noParallel ?? [])]);
  const isLastParallel = (target: Bytes): boolean => {
    if (!alone.has(target)) return true;
    const others = Math.max(...(['local', 'no-parallel'] as const).map((mark) => lastPlace(texts, mark, target)));
    return lastPlace(texts, 'parallel', target) > others;
  };
  const together = new Set((parallel ?? []).filter(isLastParallel));
  return {
    dist,
    local: local ?? [],
    parallel: [...together],
    noParallel: [...alone].filter((target) => !together.has(target)),
    bare:
      parallel !== undefined && (parallel.length === 0 || isBare('parallel'))
        ? 'parallel'
        : (noParallel !== undefined && (noParallel.length === 0 || isBare('no-parallel'))) || bareLocal
          ? 'no-parallel'
          : undefined,
    dmake: parallel !== undefined || noParallel !== undefined || bareLocal || groups.length > 0,
    groups,
    ...parseNested(rules),
    waits: waits ? parseWaits(rules) : [],
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

/** Targets whose lists hold the word, without those whose recipe says it itself: there it stays. */
function parseWaits(rules: readonly DataBaseRule[]): readonly Bytes[] {
  const listed = rules.filter(({ normal }) => normal.includes(WAIT));
  if (listed.length === 0) return [];
  const said = rules.filter(({ recipe }) => recipe !== undefined && SAYS_WAIT.test(recipe.text));
  const patterns = new TargetSet(said.flatMap(({ target, pattern }) => (pattern ? [target] : [])));
  const names = new Set(said.map(({ target }) => target));
  const own = new Set(rules.flatMap(({ target, recipe }) => (recipe === undefined ? [] : [target])));
  return listed.flatMap(({ target, pattern }) => {
    const byPattern = !pattern && !own.has(target) && patterns.match(target) !== undefined;
    return names.has(target) || byPattern ? [] : [target];
  });
}

const SAYS_WAIT = /(?<![^\s"'`(=;&|])\.WAIT(?![^\s"'`);&|<>])/;

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
  const plus = rules.find(({ target }) => target === PLUS)?.recipe;
  if (headers.length === 0 && plus === undefined) return [];
  const made = rules.filter(({ pattern, recipe, target }) => !pattern && recipe !== undefined && target !== PLUS);
  const places = placesOf(made, directory);
  const groups: (readonly Bytes[])[] = [];
  for (const { file, first, last, groups: literal } of headers) {
    const here = between(places.get(resolve(directory, file)) ?? [], first, last);
    groups.push(...(literal?.map((group) => group.filter((name) => here.has(name))) ?? [[...here]]));
  }
  // One that was evaluated has no line of its own; of several, make knows the last.
  const known = new Set(groups.flat());
  if (plus?.file !== undefined) {
    const beside = made.filter(({ recipe }) => recipe?.file === plus.file && recipe?.line === plus.line);
    groups.push(beside.map(({ target }) => target).filter((target) => !known.has(target)));
  }
  return groups.filter((group) => group.length > 1);
}

interface Place {
  readonly target: Bytes;
  readonly line: number;
}

/** Where recipes begin: by absolute path of their makefile, in the order of its lines. */
function placesOf(made: readonly DataBaseRule[], directory: Bytes): ReadonlyMap<Bytes, readonly Place[]> {
  const places = new Map<Bytes, Place[]>();
  const paths = new Map<Bytes, Bytes>();
  for (const { target, recipe } of made) {
    if (recipe?.file === undefined) continue;
    const path = paths.get(recipe.file) ?? resolve(directory, recipe.file);
    paths.set(recipe.file, path);
    const place = { target, line: recipe.line };
    const others = places.get(path);
    if (others) others.push(place);
    else places.set(path, [place]);
  }
  for (const list of places.values()) list.sort((a, b) => a.line - b.line);
  return places;
}

/** The targets whose recipes begin on these lines, both included. */
function between(places: readonly Place[], first: number, last: number): ReadonlySet<Bytes> {
  let low = 0;
  for (let high = places.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((places[middle]?.line ?? 0) < first) low = middle + 1;
    else high = middle;
  }
  const found = new Set<Bytes>();
  for (let at = low; at < places.length; at++) {
    const place = places[at];
    if (place === undefined || place.line > last) break;
    found.add(place.target);
  }
  return found;
}
