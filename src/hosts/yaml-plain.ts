import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Place, Problems } from './problems.ts';
import { shown } from './shown.ts';

/** Values once all aliases are written out. */
const MOST_VALUES = 1_000_000;

/** A mapping as plain data, without a prototype: every key is a key. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where a key and its value stand. */
export interface Spot {
  readonly key: Place;
  readonly value: Place;
  /** A scalar as it is written, which a number does not tell: 1.10. */
  readonly source: string | undefined;
}

/** Of each mapping and list, by key or index. */
export type Spots = WeakMap<object, ReadonlyMap<string, Spot>>;

interface Plain {
  readonly value: unknown;
  readonly size: number;
  readonly source: string | undefined;
}

/** Makes plain data of the library's nodes, and keeps where it stands. `problems` takes what has no plain form. */
export class PlainReader {
  readonly spots = new WeakMap<object, ReadonlyMap<string, Spot>>();
  failed = false;
  readonly #placeOf: (offset: number) => Place;
  readonly #problems: Problems;
  /** Undefined: what the anchor stands for is not complete yet. */
  readonly #anchors = new Map<string, Plain | undefined>();
  #size = 0;
  #tooMuch = false;

  constructor(placeOf: (offset: number) => Place, problems: Problems) {
    this.#placeOf = placeOf;
    this.#problems = problems;
  }

  read(node: Node | null): unknown {
    return this.#read(node).value;
  }

  #read(node: unknown): Plain {
    const before = this.#size++;
    const anchor = isAlias(node) ? undefined : (node as (Node & { anchor?: string }) | null)?.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const { value, source } = this.#content(node);
    const plain = { value, source, size: this.#size - before };
    if (anchor !== undefined) this.#anchors.set(anchor, plain);
    return plain;
  }

  #content(node: unknown): Omit<Plain, 'size'> {
    if (isAlias(node)) return this.#alias(node.source, this.#place(node, undefined));
    if ((node as (Node & { tag?: string }) | null)?.tag !== undefined) {
      this.#fail(this.#place(node, undefined), 'a tag ("!…") has no meaning here: leave it out');
    }
    if (isMap(node)) return { value: this.#mapping(node.items, this.#place(node, undefined)), source: undefined };
    if (isSeq(node)) return { value: this.#list(node.items, this.#place(node, undefined)), source: undefined };
    return isScalar(node) ? { value: node.value, source: node.source } : { value: null, source: undefined };
  }

  #mapping(items: readonly { readonly key: unknown; readonly value: unknown }[], place: Place): Mapping {
    const mapping = Object.create(null) as Record<string, unknown>;
    const spots = new Map<string, Spot>();
    for (const { key: keyNode, value: node } of items) {
      const keyPlace = this.#place(keyNode, place);
      const key = isScalar(keyNode) ? (typeof keyNode.value === 'string' ? keyNode.value : keyNode.source) : undefined;
      if (key === undefined || key === '') {
        this.#fail(keyPlace, 'a key must be a word or text in quotes');
        continue;
      }
      const first = spots.get(key);
      if (first !== undefined) this.#fail(keyPlace, `${shown(key)} is there twice, first on line ${first.key.line}`);
      const { value, source } = this.#read(node);
      mapping[key] = value;
      spots.set(key, { key: keyPlace, value: this.#place(node, keyPlace), source });
    }
    this.spots.set(mapping, spots);
    return mapping;
  }

  #list(items: readonly unknown[], place: Place): unknown[] {
    const spots = new Map<string, Spot>();
    const list = items.map((node, index) => {
      const { value, source } = this.#read(node);
      const at = this.#place(node, place);
      spots.set(String(index), { key: at, value: at, source });
      return value;
    });
    this.spots.set(list, spots);
    return list;
  }

  #alias(anchor: string, place: Place): Omit<Plain, 'size'> {
    const known = this.#anchors.get(anchor);
    if (known === undefined) {
      const why = this.#anchors.has(anchor) ? 'is within what it stands for' : 'stands for nothing above it';
      this.#fail(place, `the alias ${shown(`*${anchor}`)} ${why}`);
      return { value: null, source: undefined };
    }
    this.#size += known.size;
    if (this.#size > MOST_VALUES && !this.#tooMuch) {
      this.#tooMuch = true;
      this.#fail(place, 'the aliases make too much of it');
    }
    return known;
  }

  #place(node: unknown, otherwise: Place | undefined): Place {
    const range = (node as Node | null)?.range;
    return range ? this.#placeOf(range[0]) : (otherwise ?? { line: 1, column: 1 });
  }

  #fail(place: Place, text: string): void {
    this.failed = true;
    this.#problems.add(place, text);
  }
}
