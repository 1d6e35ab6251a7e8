/**
 * Zero, as the first value of fields that will hold large numbers: nanoseconds, seconds since 1970, bytes. V8 stores 0
 * as a small integer. When such a field later gets a larger number, the object gets another layout, and all compiled
 * code for the old layout is thrown away. V8 stores -0 like a large number from the start, and in arithmetic it is 0.
 */
export const LARGE_ZERO = -0
