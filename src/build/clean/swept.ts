/** What became of something that an earlier run has left, or may have left. */
export interface Swept {
  /** Absolute path of the directory or file. */
  readonly path: string;
  /**
   * `used`: a run has it; `young`: nobody has it, but it is not old enough; `parked`: it waits for the next run; `failed`: it
   * could not be removed, or nothing could be found out about it.
   */
  readonly what: 'removed' | 'used' | 'young' | 'parked' | 'failed';
  /** Seconds since a run last began or ended something in it, by the clock of its machine; undefined: that is not known. */
  readonly age: number | undefined;
  /** Undefined: nobody has asked, or that is not known. */
  readonly bytes: number | undefined;
  /** Why it failed, for people; it may come from a host, and be anything. */
  readonly why: string | undefined;
}

/** What was found on one machine. */
export interface Sweep {
  readonly found: readonly Swept[];
  /** Why it was not looked at, or not to the end, for people. */
  readonly trouble: string | undefined;
}

/** What `found` says has been removed, as a message; undefined: nothing. */
export function removedText({ found }: Pick<Sweep, 'found'>): string | undefined {
  const paths = found.filter(({ what }) => what === 'removed').map(({ path }) => path);
  if (paths.length === 0) return undefined;
  const what = paths.length === 1 ? 'a directory of a run that is' : `${paths.length} directories of runs that are`;
  return `removed ${what} gone: ${paths.join(', ')}`;
}
