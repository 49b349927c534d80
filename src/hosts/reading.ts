/** A value read from a word, or what is wrong with the word, as the end of an error message. */
export type Reading<Value> = { readonly value: Value } | { readonly problem: string };

export function right<Value>(value: Value): Reading<Value> {
  return { value };
}

export function wrong(problem: string): { readonly problem: string } {
  return { problem };
}
