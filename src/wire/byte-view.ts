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
