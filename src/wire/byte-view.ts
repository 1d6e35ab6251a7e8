/** The view of the array asked for last: the next packet is mostly in the same one. */
let viewed: Uint8Array = new Uint8Array(0)
let view = new DataView(viewed.buffer)

/** A view of the bytes for reading words in network order: one load each, instead of four for single bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    viewed = bytes
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  return view
}

/** The word in network order at bytes[at …], where no view is at hand; bytes beyond the end count as 0. */
export function networkWord(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
}
