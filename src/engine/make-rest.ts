/** Tells when a make has done all that it does by itself. */
export interface MakeRest {
  /**
   * Resolves as soon as make only waits: for the shell calls that it has started, all of which have come to us, or for
   * leave to start another. A recipe of which no call is among them is over then; make does not tell that otherwise.
   *
   * @param make its process id
   * @param shims those of its calls that have come and that have not ended
   */
  atRest(make: number, shims: () => ReadonlySet<number>): Promise<void>;
}
