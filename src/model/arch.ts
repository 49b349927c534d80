/** Names of one processor, as `uname -m`, Debian and Go write it. */
const SYNONYMS: readonly (readonly string[])[] = [
  ['x86_64', 'amd64', 'x64'],
  ['aarch64', 'arm64'],
  ['i386', 'i486', 'i586', 'i686', 'x86'],
];

/** Whether two names of processors (`uname -m`, the `arch` of a matrix) mean different ones. */
export function archDiffers(a: string, b: string): boolean {
  return canonical(a) !== canonical(b);
}

function canonical(name: string): string {
  const word = name.trim().toLowerCase();
  return SYNONYMS.find((names) => names.includes(word))?.[0] ?? word;
}
