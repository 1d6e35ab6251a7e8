/** Integers in one line of the processor's cache. */
export const CACHE_LINE_INTS = 16
