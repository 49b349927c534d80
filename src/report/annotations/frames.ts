import type { Bytes } from '../../util/bytes.ts';
import type { Spot } from './diagnostic.ts';
import type { Saying } from './grammar.ts';

/** Files of which it is remembered who includes them. */
const FILES = 200;
/** Longest way that is remembered. */
const DEEPEST = 50;

/**
 * By which ways a compiler came to a place. gcc says so above the first problem alone that it has in a file, or in an
 * instantiation; what follows there is reached by the same way.
 */
export class Frames {
  readonly #includes = new Map<Bytes, readonly Spot[]>();
  /** Who includes the file that is going to be named next. The nearest first. */
  #chain: Spot[] | undefined;
  #instantiation: { readonly spots: Spot[] } | undefined;

  /** Takes what is said of ways, and each name of a file behind that. */
  take(saying: Saying): void {
    switch (saying.kind) {
      case 'included':
        this.#chain ??= [];
        if (this.#chain.length >= DEEPEST) return;
        // gcc begins with the nearest and goes on with `from`; clang says the same words again for each, the nearest last.
        if (saying.further) this.#chain.push(saying.spot);
        else this.#chain.unshift(saying.spot);
        return;
      case 'inside':
        this.#named(saying.file);
        this.#instantiation = saying.instantiation ? { spots: [] } : undefined;
        return;
      case 'required':
        this.#named(saying.spot.file);
        if ((this.#instantiation ??= { spots: [] }).spots.length < DEEPEST) this.#instantiation.spots.push(saying.spot);
        return;
      case 'problem':
      case 'note':
      case 'remark':
        if (saying.spot) this.#named(saying.spot.file);
        return;
      case 'object':
    }
  }

  /** The way to a place in that file. */
  to(file: Bytes): readonly Spot[] {
    return [...(this.#instantiation?.spots ?? []), ...(this.#includes.get(file) ?? [])];
  }

  #named(file: Bytes): void {
    if (!this.#chain) return;
    if (this.#includes.size >= FILES) this.#includes.clear();
    this.#includes.set(file, this.#chain);
    this.#chain = undefined;
  }
}
