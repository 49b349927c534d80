/**
 * The upstream source tree (without Debian's patches) of a source package of this machine's release, fetched by apt once
 * and kept in `build/sources/NAME-VERSION`. Treat it as read-only. Throws with apt's own words when it cannot be had.
 */
export function fetchDebianSource(name: string): string;
/**
 * As `fetchDebianSource`, of the named upstream version, whatever version the machine's release has: from the pool of the
 * machine's own archive, checked against a sum that stands in the script. `build/sources/pool/NAME-VERSION`.
 */
export function fetchPoolSource(which: 'make-dfsg-4.4.1'): string;
/** The `deb-src` twin of a one-line sources.list, for suites that `wanted` accepts. */
export function sourceLines(text: string, wanted: (suite: string) => boolean): string;
/** The `deb-src` twin of a deb822 .sources file, for suites that `wanted` accepts. */
export function sourceStanzas(text: string, wanted: (suite: string) => boolean): string;
