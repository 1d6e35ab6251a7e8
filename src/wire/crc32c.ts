/** CRC-32C (Castagnoli), as SCTP uses it (RFC 9260, appendix A): reflected polynomial 0x82f63b78. */
const TABLE = makeTable()

function makeTable(): Int32Array {
  const table = new Int32Array(256)
  for (let value = 0; value < 256; value++) {
    let crc = value
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    table[value] = crc
  }
  return table
}

/** CRC of bytes[at … at + length), taking the four bytes at `zeroed` (where a checksum stands) as zero. */
export function crc32c(bytes: Uint8Array, at: number, length: number, zeroed: number): number {
  let crc = -1
  const end = at + length
  for (let p = at; p < zeroed; p++) crc = TABLE[(crc ^ bytes[p]) & 0xff] ^ (crc >>> 8)
  for (let p = zeroed; p < zeroed + 4; p++) crc = TABLE[crc & 0xff] ^ (crc >>> 8)
  for (let p = zeroed + 4; p < end; p++) crc = TABLE[(crc ^ bytes[p]) & 0xff] ^ (crc >>> 8)
  return ~crc
}
