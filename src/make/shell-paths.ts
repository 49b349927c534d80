import { join, normalize } from 'node:path/posix';

import type { Bytes } from '../util/bytes.ts';

/**
 * Where a run keeps its links to the shim. The path of the link for /bin/bash is RUN/sh/bin/bash, that for a bare `bash`
 * is RUN/rel/bash: its base name is what make goes by, and taking RUN/sh or RUN/rel/ away anywhere in a text gives the
 * user's own shell back, in $(dir $(SHELL)) too.
 */
export class ShellPaths {
  readonly #run: Bytes;

  constructor(run: Bytes) {
    this.#run = run;
  }

  /** The text with the user's shells in place of our links. */
  restore(text: Bytes): Bytes {
    if (!text.includes(this.#run)) return text;
    return text.replaceAll(`${this.#run}/sh/`, '/').replaceAll(`${this.#run}/rel/`, '');
  }

  /**
   * The value for SHELL that brings recipes to us, and the link that it needs.
   *
   * @param shell the user's own $(SHELL): a path or a name, and perhaps further words, which stay
   * @param directory of the make, absolute
   * @returns undefined for a shell that cannot be linked to (a quoted word, say): it is left to make
   */
  link(shell: Bytes, directory: Bytes): { readonly shell: Bytes; readonly link: Bytes } | undefined {
    const own = this.restore(shell).replace(/^\s+/, '');
    // make takes an empty SHELL for its default in most places.
    const word = /^\S*/.exec(own)?.[0] || '/bin/sh';
    if (!/^[A-Za-z0-9_./+,@%=:\x80-\xff-]+$/.test(word) || /(^|\/)\.*$/.test(word)) return undefined;
    const rest = own.slice(/^\S*/.exec(own)?.[0].length);
    if (!word.includes('/')) return { shell: `${this.#run}/rel/${word}${rest}`, link: `${this.#run}/rel/${word}` };
    const path = normalize(word.startsWith('/') ? word : join(directory, word));
    if (/[\s$#'"\\`*?[\]();&|<>~!{}]/.test(path)) return undefined;
    const link = `${this.#run}/sh${path}`;
    // /.//bin/sh stays as it is written: it leads to the same link, and $(SHELL) is to be read by people.
    const isAsWritten = word.startsWith('/') && !/\/\.\.(\/|$)/.test(word);
    return { shell: (isAsWritten ? `${this.#run}/sh${word}` : link) + rest, link };
  }
}
