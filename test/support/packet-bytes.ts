export const be16 = (...values: number[]): number[] => values.flatMap((value) => [(value >> 8) & 255, value & 255])
export const be32 = (...values: number[]): number[] =>
  values.flatMap((value) => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255])

export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The same IPv4 datagram with its header checksum made right. */
export function withHeaderChecksum(packet: Uint8Array): Uint8Array {
  const fixed = packet.slice()
  fixed.set([0, 0], 10)
  fixed.set(be16(checksum(fixed.subarray(0, (fixed[0] & 15) * 4))), 10)
  return fixed
}

/** Internet checksum (RFC 1071) over bytes. */
export function checksum(...parts: readonly (Uint8Array | readonly number[])[]): number {
  const bytes = concat(...parts)
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
