import { expect, test } from 'vitest'
import { decodeBatch } from '../../src/pipeline/decode-batch.ts'
import { PacketBatch } from '../../src/pipeline/packet-batch.ts'
import {
  CHECKSUM_BAD,
  CHECKSUM_GOOD,
  CHECKSUM_UNVERIFIED,
  IP_NONE,
  P_CHECKSUM,
  P_FAMILY,
  P_L3_OFFSET,
  P_PROTOCOL,
  PACKET_INTS,
} from '../../src/wire/packet-fields.ts'
import { addFrame } from '../netfilter/replaying.ts'
import { fragments, tcp, udp } from '../support/packets.ts'

const good = tcp('10.0.0.1:1000>10.0.0.2:80', 'S')
const bad = tcp('10.0.0.1:1000>10.0.0.2:80', 'S', { checksum: 'bad' })
const inPieces = fragments(udp('10.0.0.1:1000>10.0.0.2:53', { data: 'a'.repeat(2000) }), 1500)
const wrongHeader = good.with(8, good[8] - 1)
const notIp = Uint8Array.of(0, 1, 2, 3)

function decoded(frames: readonly Uint8Array[], verifyChecksums: boolean): PacketBatch {
  const batch = new PacketBatch()
  for (const frame of frames) addFrame(batch, frame)
  decodeBatch(batch, verifyChecksums)
  return batch
}

const field = ({ rows }: PacketBatch, frame: number, place: number): number => rows[frame * PACKET_INTS + place]

test('every frame of a batch has its header fields in its row', () => {
  const batch = decoded([good, inPieces[1], notIp, bad], false)
  const rows = [0, 1, 2, 3].map((i) => [P_FAMILY, P_L3_OFFSET, P_PROTOCOL].map((place) => field(batch, i, place)))
  const second = good.length
  const last = second + inPieces[1].length + notIp.length
  expect(rows[0]).toEqual([4, 0, 6])
  expect(rows[1]).toEqual([4, second, 17])
  expect(rows[2][0]).toBe(IP_NONE)
  expect(rows[3]).toEqual([4, last, 6])
})

test('checksums are verified when asked, of whole datagrams without a fault', () => {
  const frames = [good, bad, inPieces[0], inPieces[1], wrongHeader, notIp]
  const sums = (verify: boolean) => frames.map((_, i) => field(decoded(frames, verify), i, P_CHECKSUM))
  expect(sums(false)).toEqual(frames.map(() => CHECKSUM_UNVERIFIED))
  expect(sums(true)).toEqual([CHECKSUM_GOOD, CHECKSUM_BAD, ...[2, 3, 4, 5].map(() => CHECKSUM_UNVERIFIED)])
})
