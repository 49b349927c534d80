import fc from 'fast-check';

/** Text made of what is dangerous: commands, their pieces, line ends, invisible characters, any characters. */
export const evilText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom('::', '##[', '#', '[', ']', ':', '%', '%0A', '\r', '\n', '\r\n', ' ', '\t', '\v', '\f', '\0'),
      fc.constantFrom(
        '\x1b',
        '\x1b[31m',
        '\x1b[0m',
        '\x1b[#[',
        '\x1b]0;',
        '\x07',
        '\x9b',
        '\u0085',
        '\u00a0',
        '\u2028',
      ),
      fc.constantFrom(
        '\u00ad',
        '\u200b',
        '\u200d',
        '\ufeff',
        '\u202e',
        '\u0301',
        '\ufe0f',
        '\u3000',
        '\u{600}',
        '\u{1f3fb}',
      ),
      fc.constantFrom('=', ',', ';', 'é', "'", '\\', '|', '`', '  ', ' s', '-', '@'),
      fc.constantFrom('error', 'group', 'endgroup', 'stop-commands', 'token1', 'token2', 'add-mask', 'make: *** '),
      fc.constantFrom('::error::x', '##[error]x', '::endgroup::', '::group::x', '::add-mask::x', '::stop-commands::x'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 25 },
  )
  .map((pieces) => pieces.join(''));
