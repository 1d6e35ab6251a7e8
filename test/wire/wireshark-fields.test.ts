import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { FrameBatch } from '../../src/capture/frame-batch.ts'
import { openCapture } from '../../src/capture/open-capture.ts'
import { FRAGMENT_OFFSET_MASK, IP_V4, PACKET_INTS } from '../../src/wire/packet-fields.ts'
import { decodeFrameOf } from '../support/decode-frame-of.ts'
import { type Row, rowOf } from '../support/row.ts'
import { corpusCaptures, corpusPath, missingForWireshark } from '../support/wireshark.ts'

const FIELDS = [
  'frame.protocols',
  'ip.src',
  'ip.dst',
  'ip.ttl',
  'ip.proto',
  'ip.len',
  'ip.id',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.hlim',
  'ipv6.plen',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'tcp.flags',
  'tcp.window_size_value',
  'udp.srcport',
  'udp.dstport',
  'icmp.type',
  'icmp.code',
  'icmpv6.type',
  'icmpv6.code',
] as const
type Field = (typeof FIELDS)[number]
type Dissection = Record<Field, string>

/** What Wireshark shows of the outermost headers; '' where it shows nothing. */
async function dissect(path: string): Promise<Dissection[]> {
  const options = ['ip.defragment:FALSE', 'ipv6.defragment:FALSE', 'tcp.desegment_tcp_streams:FALSE']
  const { stdout: text } = await promisify(execFile)(
    'tshark',
    [
      ...['-n', '-r', path, '-T', 'fields', '-E', 'occurrence=f'],
      ...options.flatMap((option) => ['-o', option]),
      ...FIELDS.flatMap((field) => ['-e', field]),
    ],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  )
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => {
    const values = line.split('\t')
    return Object.fromEntries(FIELDS.map((field, index) => [field, values[index] ?? ''])) as Dissection
  })
}

async function decodeAll(path: string): Promise<Row[]> {
  const reader = await openCapture([path])
  const batch = new FrameBatch()
  const fields = new Int32Array(PACKET_INTS)
  const rows: Row[] = []
  while (await reader.read(batch)) {
    for (let frame = 0; frame < batch.count; frame++) {
      decodeFrameOf(batch, frame, fields, 0)
      rows.push(rowOf(fields, 0))
    }
  }
  reader.close()
  return rows
}

/** What both must agree on, as far as Wireshark shows it. */
function compare(row: Row, seen: Dissection): Record<string, [unknown, unknown]> {
  const pairs: Record<string, [unknown, unknown]> = {}
  const pair = (name: string, ours: string | number, field: Field) => {
    if (seen[field] !== '') pairs[name] = [String(ours), String(seen[field])]
  }
  if (row.family === IP_V4) {
    pair('source', row.src, 'ip.src')
    pair('destination', row.dst, 'ip.dst')
    pair('ttl', row.ttl, 'ip.ttl')
    pair('protocol', row.protocol, 'ip.proto')
    pair('id', `0x${row.ipId.toString(16).padStart(4, '0')}`, 'ip.id')
    if (seen['ip.len'] !== '0') pair('length', row.l3Length, 'ip.len')
  } else {
    pair('source', row.src, 'ipv6.src')
    pair('destination', row.dst, 'ipv6.dst')
    pair('hop limit', row.ttl, 'ipv6.hlim')
    pair('length', row.l3Length - 40, 'ipv6.plen')
  }
  const [high, low] = row.ports.split('>').map(Number)
  if ((row.fragment & FRAGMENT_OFFSET_MASK) !== 0) return pairs
  if (row.protocol === 6 && row.l4Length >= 20) {
    pair('source port', high, 'tcp.srcport')
    pair('destination port', low, 'tcp.dstport')
    pair('seq', row.seq, 'tcp.seq_raw')
    pair('ack', row.ack, 'tcp.ack_raw')
    pair('window', row.window, 'tcp.window_size_value')
    // Wireshark counts three reserved bits among the flags.
    if (seen['tcp.flags'] !== '') pairs.flags = [row.flags, Number(seen['tcp.flags']) & 0x1ff]
  } else if (row.protocol === 17) {
    pair('source port', high, 'udp.srcport')
    pair('destination port', low, 'udp.dstport')
  } else if (row.protocol === 1) {
    pair('type', high >> 8, 'icmp.type')
    pair('code', high & 255, 'icmp.code')
  } else if (row.protocol === 58) {
    pair('type', high >> 8, 'icmpv6.type')
    pair('code', high & 255, 'icmpv6.code')
  }
  return pairs
}

describe.skipIf(missingForWireshark !== '')(
  `header fields are Wireshark's ${missingForWireshark && `(skipped ${missingForWireshark})`}`,
  () => {
    test.concurrent.each(corpusCaptures)('%s', async (name) => {
      const path = corpusPath(name)
      const [dissections, rows] = await Promise.all([dissect(path), decodeAll(path)])
      expect(rows.length).toBe(dissections.length)
      const differences: unknown[] = []
      rows.forEach((row, index) => {
        const seen = dissections[index]
        if (row.note === 'not-ip') {
          // Neither IP nor anything in it.
          if (/^(eth|sll|ppp|null)[^:]*:(vlan:|ethertype:)*(ip|ipv6)(:|$)/.test(seen['frame.protocols'])) {
            differences.push({ frame: index + 1, note: row.note, protocols: seen['frame.protocols'] })
          }
        } else if (row.family !== 0) {
          const different = Object.entries(compare(row, seen)).filter(([, [ours, theirs]]) => ours !== theirs)
          if (different.length > 0) differences.push({ frame: index + 1, different })
        }
      })
      expect(differences).toEqual([])
    })
  },
)
