/** A pair that cannot be compared at all, with the reason. */
export class NotComparable extends Error {
  override name = 'NotComparable'
}
