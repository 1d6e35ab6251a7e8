/**
 * Room for so many records, or for as many as the system agrees to, but no fewer than `atLeast`. Memory of this size that
 * nothing has touched is only reserved: the operating system gives it out page by page, so records come to be one by one
 * without ever being copied to a larger place. Of the kind that threads can share: any other counts as full for V8, which
 * would collect garbage for it at once.
 */
export function reserve(records: number, bytesEach: number, atLeast: number): SharedArrayBuffer {
  for (let count = records; ; count = Math.max(Math.ceil(count / 2), atLeast)) {
    try {
      return new SharedArrayBuffer(count * bytesEach)
    } catch (error) {
      if (!(error instanceof RangeError) || count <= atLeast) throw error
    }
  }
}
