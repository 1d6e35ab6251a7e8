/**
 * Zero, for fields that will hold large numbers: nanoseconds, seconds since 1970, bytes. V8 keeps 0 as a small integer; when such
 * a field first holds a number that is none, the object changes its form, and all compiled code that knew the old one is
 * thrown away. It has only one form for -0, which is that of all larger numbers; in arithmetic it is 0.
 */
export const LARGE_ZERO = -0
