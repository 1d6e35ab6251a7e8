import { be16, be32, concat, withHeaderChecksum } from './packet-bytes.ts'

/**
 * Cuts a datagram as a router (IPv4) or its sender (IPv6) would for a link of `mtu` bytes. IPv6 headers up to a
 * hop-by-hop or routing header stay in front of every fragment header; `id` is its identification.
 */
export function fragments(whole: Uint8Array, mtu: number, id = 0x1234): Uint8Array[] {
  return whole[0] >> 4 === 4 ? fragmentsV4(whole, mtu) : fragmentsV6(whole, mtu, id)
}

function fragmentsV4(whole: Uint8Array, mtu: number): Uint8Array[] {
  const headerLength = (whole[0] & 15) * 4
  const step = (mtu - headerLength) & ~7
  const payload = whole.subarray(headerLength)
  const pieces: Uint8Array[] = []
  for (let offset = 0; offset < payload.length || offset === 0; offset += step) {
    const part = payload.subarray(offset, offset + step)
    const piece = concat(whole.subarray(0, headerLength), part)
    const more = offset + step < payload.length ? 0x2000 : 0
    piece.set(be16(piece.length), 2)
    piece.set(be16(more | (offset >> 3)), 6)
    pieces.push(withHeaderChecksum(piece))
  }
  return pieces
}

function fragmentsV6(whole: Uint8Array, mtu: number, id: number): Uint8Array[] {
  let place = 6
  let split = 40
  while (whole[place] === 0 || whole[place] === 43) {
    place = split
    split += (whole[split + 1] + 1) * 8
  }
  const next = whole[place]
  const step = (mtu - split - 8) & ~7
  const payload = whole.subarray(split)
  const pieces: Uint8Array[] = []
  for (let offset = 0; offset < payload.length || offset === 0; offset += step) {
    const part = payload.subarray(offset, offset + step)
    const more = offset + step < payload.length ? 1 : 0
    const piece = concat(whole.subarray(0, split), [next, 0], be16(offset | more), be32(id), part)
    piece[place] = 44
    piece.set(be16(piece.length - 40), 4)
    pieces.push(piece)
  }
  return pieces
}
