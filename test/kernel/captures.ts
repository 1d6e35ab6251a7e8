import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { decompress } from 'fzstd'
import {
  FRAME_CAPTURED,
  FRAME_INTS,
  FRAME_NANOSECONDS,
  FRAME_WIRE_LENGTH,
  FrameBatch,
} from '../../src/capture/frame-batch.ts'
import { openCapture } from '../../src/capture/open-capture.ts'
import { addressText } from '../../src/wire/address.ts'
import {
  IP_NONE,
  IP_V4,
  IP_V6,
  P_DST,
  P_FAMILY,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_SRC,
  PACKET_INTS,
} from '../../src/wire/packet-fields.ts'
import { decodeFrameOf } from '../support/decode-frame-of.ts'
import type { CaptureFrame } from '../support/pcap.ts'

/** What the comparison has to know of a capture before it can choose how to replay it. */
export interface CaptureSurvey {
  frames: number
  /** Frames whose datagram the snap length cut. */
  cut: number
  /** The busiest unicast address of each family: the host that a capture was probably taken on. Empty without IP. */
  local: string[]
  /** Reading stopped before the end. */
  damaged: boolean
}

/** Longer than any timeout; clocks that jump by decades do not fit into a capture that begins today. */
const SECONDS_MAX = 1e8

export const CAPTURE_NAME = /\.(pcap|pcapng|cap)(\.gz|\.zst)?$/

export function capturesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => CAPTURE_NAME.test(name))
  return names.sort().map((name) => join(folder, name))
}

export async function survey(path: string): Promise<CaptureSurvey> {
  const reader = await openCapture([path])
  const batch = new FrameBatch()
  const fields = new Int32Array(PACKET_INTS)
  const counts = new Map<string, number>()
  const result = { frames: 0, cut: 0, local: [] as string[], damaged: false }
  while (await reader.read(batch)) {
    for (let frame = 0; frame < batch.count; frame++) {
      decodeFrameOf(batch, frame, fields, 0)
      result.frames++
      const at = frame * FRAME_INTS
      const isCut = batch.info[at + FRAME_WIRE_LENGTH] > batch.info[at + FRAME_CAPTURED]
      if (isCut && fields[P_L3_CAPTURED] < fields[P_L3_LENGTH]) result.cut++
      for (const place of [P_SRC, P_DST]) {
        if (fields[P_FAMILY] === IP_NONE || !isUnicast(fields, place)) continue
        const address = addressText(fields, place, fields[P_FAMILY])
        counts.set(address, (counts.get(address) ?? 0) + 1)
      }
    }
  }
  result.damaged = reader.problems.length > 0
  reader.close()
  for (const isFamily of [(a: string) => !a.includes(':'), (a: string) => a.includes(':')]) {
    const busiest = [...counts]
      .filter(([address]) => isFamily(address))
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    if (busiest.length > 0) result.local.push(busiest[0][0])
  }
  return result
}

function isUnicast(fields: Int32Array, place: number): boolean {
  const word = fields[place] >>> 0
  if (fields[P_FAMILY] === IP_V4) return word >>> 24 > 0 && word >>> 24 !== 127 && word >>> 28 < 0xe
  return fields[P_FAMILY] === IP_V6 && word >>> 24 !== 0xff && word >>> 16 !== 0 && word >>> 22 !== 0xfe80 >>> 6
}

/** The first IP datagrams of a capture that are there as a whole, without what lies around them. */
export async function datagramsIn(path: string, most: number): Promise<CaptureFrame[]> {
  const reader = await openCapture([path])
  const batch = new FrameBatch()
  const fields = new Int32Array(PACKET_INTS)
  const found: CaptureFrame[] = []
  let start = Number.NaN
  while (found.length < most && (await reader.read(batch))) {
    for (let frame = 0; frame < batch.count && found.length < most; frame++) {
      decodeFrameOf(batch, frame, fields, 0)
      const time = batch.seconds[frame] + batch.info[frame * FRAME_INTS + FRAME_NANOSECONDS] / 1e9
      if (Number.isNaN(start)) start = time
      const at = fields[P_L3_OFFSET]
      const isWhole = fields[P_FAMILY] !== IP_NONE && fields[P_L3_CAPTURED] === fields[P_L3_LENGTH]
      const bytes = batch.bytes.slice(at, at + fields[P_L3_LENGTH])
      if (isWhole) found.push({ bytes, time: Math.min(Math.max(0, time - start), SECONDS_MAX) })
    }
  }
  reader.close()
  return found
}

/** The capture as the oracle can read it: uncompressed, in a folder that is removed by `dispose`. */
export function uncompressed(path: string): { path: string; dispose(): void } {
  const bytes = readFileSync(path)
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  const zstd = bytes.length > 4 && bytes.readUInt32LE(0) === 0xfd2fb528
  if (!gzip && !zstd) return { path, dispose: () => undefined }
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-capture-'))
  const plain = join(folder, basename(path).replace(/\.(gz|zst)$/, ''))
  writeFileSync(plain, gzip ? gunzipSync(bytes) : decompress(bytes))
  return { path: plain, dispose: () => rmSync(folder, { recursive: true }) }
}
