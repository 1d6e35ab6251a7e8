/** Writes packets into pcap bytes, for the tools and the kernel that tests ask for a second opinion. */
export interface CaptureFrame {
  bytes: Uint8Array
  /** Bytes on the wire, those of `bytes` by default. */
  wireLength?: number
  /** Seconds since the capture's start, one millisecond after the frame before by default. */
  time?: number
}

/** @param start seconds since the epoch at which the capture starts */
export function pcap(frames: readonly (Uint8Array | CaptureFrame)[], linkType = 101, start = 1_700_000_000): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262144, 16)
  header.writeUInt32LE(linkType, 20)
  let time = 0
  const records = frames.map((entry) => {
    const frame = entry instanceof Uint8Array ? { bytes: entry } : entry
    time = frame.time ?? time + 0.001
    const record = Buffer.alloc(16)
    record.writeUInt32LE(start + Math.floor(time), 0)
    record.writeUInt32LE(Math.round((time % 1) * 1e6), 4)
    record.writeUInt32LE(frame.bytes.length, 8)
    record.writeUInt32LE(frame.wireLength ?? frame.bytes.length, 12)
    return Buffer.concat([record, frame.bytes])
  })
  return Buffer.concat([header, ...records])
}
