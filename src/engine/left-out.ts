/**
 * Why a host takes no part in a run: for a reason that time does not mend (a key that it does not know, tools that differ, an
 * owner who allows nothing). Whatever else goes wrong with a host may be over in a while, and it is tried again.
 */
export class LeftOut extends Error {
  override readonly name = 'LeftOut';
}
