import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FRAME_CAPTURED, FRAME_INTS, FRAME_LINK_TYPE, FRAME_OFFSET, FrameBatch } from '../../src/capture/frame-batch.ts'
import { openCapture } from '../../src/capture/open-capture.ts'
import { verifyTransportChecksum } from '../../src/wire/checksum.ts'
import { decodeFrame } from '../../src/wire/frame.ts'
import {
  CHECKSUM_BAD,
  FRAGMENT_PIECE,
  IP_V6,
  NOTE_NONE,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_NOTE,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  PACKET_INTS,
} from '../../src/wire/packet-fields.ts'
import { temporaryFolder } from '../support/files.ts'
import { CAPTURES, captureFile } from './captures.ts'

const PACKETS = 20_000
/** So many that connections which are open from the start on, all at their first packets, hardly count. */
const MANY_PACKETS = 200_000
const folder = temporaryFolder()

interface Contents {
  packets: number
  bytes: number
  bad: number
  unread: number
  fragments: number
  v6: number
  readonly protocols: Map<number, number>
  /** Ends of TCP connections, whichever way a packet goes. */
  readonly tcp: Set<string>
}

function kindOf(name: string): (typeof CAPTURES)[number] {
  const kind = CAPTURES.find((one) => one.name === name)
  if (kind === undefined) throw new Error(`no capture ${name}`)
  return kind
}

async function contentsOf(path: string): Promise<Contents> {
  const reader = await openCapture([path])
  const batch = new FrameBatch()
  const fields = new Int32Array(PACKET_INTS)
  const seen: Contents = {
    packets: 0,
    bytes: 0,
    bad: 0,
    unread: 0,
    fragments: 0,
    v6: 0,
    protocols: new Map(),
    tcp: new Set(),
  }
  while (await reader.read(batch)) {
    for (let at = 0; at < batch.count * FRAME_INTS; at += FRAME_INTS) {
      const { bytes, info } = batch
      const length = info[at + FRAME_CAPTURED]
      decodeFrame(bytes, info[at + FRAME_OFFSET], length, length, info[at + FRAME_LINK_TYPE], fields, 0)
      seen.packets++
      seen.bytes += length
      if (fields[P_NOTE] !== NOTE_NONE) seen.unread++
      if (fields[P_FAMILY] === IP_V6) seen.v6++
      const protocol = fields[P_PROTOCOL]
      seen.protocols.set(protocol, (seen.protocols.get(protocol) ?? 0) + 1)
      const isFragment = (fields[P_FRAGMENT] & FRAGMENT_PIECE) !== 0
      if (isFragment) seen.fragments++
      else if (verifyTransportChecksum(bytes, fields, 0) === CHECKSUM_BAD) seen.bad++
      if (protocol !== 6) continue
      const ends = [`${fields[P_SRC]}:${fields[P_PORTS] >>> 16}`, `${fields[P_DST]}:${fields[P_PORTS] & 0xffff}`]
      seen.tcp.add(ends.sort().join())
    }
  }
  reader.close()
  return seen
}

describe('captures of the benchmark', () => {
  it('a: a fifth UDP, some ICMP, 260 bytes on average, some fourteen packets a connection, every checksum right', async () => {
    const seen = await contentsOf(captureFile(kindOf('a'), MANY_PACKETS, folder))
    const share = (protocol: number): number => (seen.protocols.get(protocol) ?? 0) / seen.packets
    expect([seen.packets, seen.bad, seen.unread, seen.v6]).toEqual([MANY_PACKETS, 0, 0, 0])
    expect(share(17)).toBeGreaterThan(0.18)
    expect(share(17)).toBeLessThan(0.23)
    expect(share(1)).toBeGreaterThan(0.007)
    expect(share(1)).toBeLessThan(0.014)
    expect(seen.bytes / seen.packets).toBeGreaterThan(240)
    expect(seen.bytes / seen.packets).toBeLessThan(280)
    expect((seen.protocols.get(6) ?? 0) / seen.tcp.size).toBeGreaterThan(10)
    expect((seen.protocols.get(6) ?? 0) / seen.tcp.size).toBeLessThanOrEqual(14)
  })

  it('b: two packets of each connection, ninety bytes of the file each', async () => {
    const path = captureFile(kindOf('b'), PACKETS, folder)
    const seen = await contentsOf(path)
    expect([seen.packets, seen.bad, seen.tcp.size]).toEqual([PACKETS, 0, PACKETS / 2])
    expect(readFileSync(path)).toHaveLength(24 + 90 * PACKETS)
  })

  it('scan: a connection for each packet, all of one host', async () => {
    const seen = await contentsOf(captureFile(kindOf('scan'), PACKETS, folder))
    expect([seen.packets, seen.bad, seen.tcp.size]).toEqual([PACKETS, 0, PACKETS])
  })

  it('mixed: half IPv6, with fragments, every checksum right', async () => {
    const seen = await contentsOf(captureFile(kindOf('mixed'), PACKETS, folder))
    expect([seen.bad, seen.unread]).toEqual([0, 0])
    expect(seen.v6 / seen.packets).toBeGreaterThan(0.4)
    expect(seen.v6 / seen.packets).toBeLessThan(0.6)
    expect(seen.fragments).toBeGreaterThan(50)
  })

  it.each(CAPTURES.map(({ name }) => name))('%s is the same every time', (name) => {
    const [one, other] = ['first', 'second'].map((place) => captureFile(kindOf(name), 2000, join(folder, place)))
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true)
  })
})
