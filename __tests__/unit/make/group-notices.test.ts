import { expect, test } from '@jest/globals';
import { withoutGroupNotices } from '../../../src/make/group-notices.ts';

test('what make says of `+` is left out, what it says of others stays', () => {
  const text = `g.mk:3: target '+' given more than once in the same rule
g.mk:8: warning: overriding recipe for target '+'
g.mk:3: warning: ignoring old recipe for target '+'
g.mk:9: warning: overriding recipe for target 'a'
make: *** [g.mk:9: a] Error 1
`;
  expect(withoutGroupNotices(text)).toBe(`g.mk:9: warning: overriding recipe for target 'a'
make: *** [g.mk:9: a] Error 1
`);
});
