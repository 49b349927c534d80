/**
 * A GNU make of that version, built once from Debian's source package and kept in `build/make-VERSION`, the configured
 * source tree and its test suite with it. Throws with the words of what failed. Absolute path of the program.
 */
export function fetchGnuMake(version: '4.4.1'): string;
