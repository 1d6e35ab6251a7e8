/** Of the last bytes; kept, since the next packet mostly lies in the same array. */
let viewed: Uint8Array = new Uint8Array(0)
let view = new DataView(viewed.buffer)

/** The bytes for reading whole words in network order: one load each, where composing them of bytes takes four. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    viewed = bytes
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  return view
}
