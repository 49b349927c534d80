import { Composer, Lexer, LineCounter, Parser, type Document } from 'yaml';
import type { Place, Problems } from './problems.ts';
import { explain } from './yaml-errors.ts';
import { PlainReader, type Spot, type Spots } from './yaml-plain.ts';

/** The library takes seconds for long texts in which everything is wrong. Thousands of hosts are shorter. */
const MOST_CHARACTERS = 2 ** 18;
/** A matrix has four levels; what is far deeper is an attack or an accident. */
const DEEPEST = 50;

/** YAML or JSON as plain data that knows where it stands in the text. */
export class YamlTree {
  readonly root: unknown;
  readonly #rootPlace: Place;
  readonly #spots: Spots;

  constructor(root: unknown, rootPlace: Place, spots: Spots) {
    this.root = root;
    this.#rootPlace = rootPlace;
    this.#spots = spots;
  }

  /** Where the value of a key (or of an index) of a mapping or list of this tree stands. */
  place(within?: object, key?: string | number): Place {
    return this.#spot(within, key)?.value ?? this.#rootPlace;
  }

  keyPlace(within: object, key: string): Place {
    return this.#spot(within, key)?.key ?? this.#rootPlace;
  }

  /** The keys of a mapping in the order of the text, which plain data does not keep for numbers. */
  keys(mapping: object): string[] {
    return [...(this.#spots.get(mapping)?.keys() ?? [])];
  }

  /** A scalar as it is written, without quotes; undefined when it is none. */
  source(within: object, key: string): string | undefined {
    return this.#spot(within, key)?.source;
  }

  #spot(within?: object, key?: string | number): Spot | undefined {
    return within && this.#spots.get(within)?.get(String(key));
  }
}

/**
 * Reads YAML 1.2 (of which JSON is a part), one document without tags and with bounded aliases.
 *
 * @param problems takes all that is wrong with the text
 * @returns undefined when something is
 */
export function readYaml(text: string, problems: Problems): YamlTree | undefined {
  const counter = new LineCounter();
  counter.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) counter.addNewLine(at + 1);
  const placeOf = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const document = compose(text, placeOf, problems);
  if (document === undefined) return undefined;
  const reader = new PlainReader(placeOf, problems);
  const root = reader.read(document.contents);
  return reader.failed ? undefined : new YamlTree(root, placeOf(document.contents?.range?.[0] ?? 0), reader.spots);
}

/** The library's own call has no bound on depth, and time that grows with the square of it. */
function compose(text: string, placeOf: (offset: number) => Place, problems: Problems): Document | undefined {
  if (text.length > MOST_CHARACTERS) {
    problems.add({ line: 1, column: 1 }, 'it is too long for YAML or JSON (above 256 KiB)');
    return undefined;
  }
  const parser = new Parser();
  const tokens = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (token.type !== 'error') continue;
      problems.add(placeOf(token.offset), explain('UNEXPECTED_TOKEN'));
      return undefined;
    }
    if (parser.stack.length > 2 * DEEPEST) {
      problems.add(placeOf(parser.offset), 'it is nested too deeply');
      return undefined;
    }
  }
  tokens.push(...parser.end());
  // Equal keys are found later: the library compares each with all others.
  const options = { version: '1.2', schema: 'core', uniqueKeys: false, keepSourceTokens: false } as const;
  const [document, second] = new Composer(options).compose(tokens, true, text.length);
  if (document === undefined) return undefined;
  if (second !== undefined)
    problems.add(placeOf(second.range[0]), 'a second document begins here: one is all there may be');
  for (const { code, pos } of document.errors) problems.add(placeOf(pos[0]), explain(code));
  return document.errors.length > 0 || second !== undefined ? undefined : document;
}
