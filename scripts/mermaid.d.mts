/**
 * The one file for browsers of Mermaid's npm package, fetched once by npm and kept in `build/mermaid-VERSION`. Throws with
 * npm's own words when it cannot be had. Absolute path of mermaid.min.js.
 */
export function fetchMermaid(): string;
