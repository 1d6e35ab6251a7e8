/**
 * Room for so many records, or for as many as the system agrees to, but no fewer than `atLeast`. Memory of this size that
 * nothing has touched is only reserved: the operating system gives it out page by page, so records come to be one by one
 * without ever being copied to a larger place.
 */
export function reserve(records: number, bytesEach: number, atLeast: number): ArrayBuffer {
  for (let count = records; ; count = Math.max(Math.ceil(count / 2), atLeast)) {
    try {
      return new ArrayBuffer(count * bytesEach)
    } catch (error) {
      if (!(error instanceof RangeError) || count <= atLeast) throw error
    }
  }
}
