/** What is known of a host when text of a DPB file is expanded for it. */
interface Facts {
  readonly host: string;
  readonly arch: string | undefined;
}

/**
 * Text with DPB's `%h` (the host) and `%a` (its arch, where the file says it) filled in, and `%%` for a percent sign. The
 * others of DPB stand for its own directories and times, which are not here: they stay as they are, as does what is none
 * of DPB's.
 */
export function expand(text: string, { host, arch }: Facts): string {
  return text.replace(/%(.)/g, (whole, letter: string) => {
    if (letter === 'h') return host;
    if (letter === 'a') return arch ?? whole;
    return letter === '%' ? '%' : whole;
  });
}

/** Those of DPB's expansions in a text that mean nothing here. */
export function unexpanded(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(/%(.)/g), ([whole]) => whole))].filter((one) => /^%[dfLpt$]$/.test(one));
}
