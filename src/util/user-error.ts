/**
 * Something the user can mend: bad input, no host left, no make. The message says what is wrong, where (input, line,
 * host) and what to do; it is shown without a stack. Anything else that is thrown is a bug of ours.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}
