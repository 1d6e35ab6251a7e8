import fc from 'fast-check'
import { be32, mss, nop, sack, sackPermitted, tcp, timestamps, wscale } from '../../support/packets.ts'
import { type Generator, gaps, generator, type Hosts, type Setup, type TimedPacket } from './case.ts'

/** A number of a segment, told by what it is near to. */
interface Near {
  to: 'next' | 'first' | 'acknowledged' | 'edge' | 'last' | 'zero'
  off: number
}

interface Step {
  reply: boolean
  flags: string
  seq: Near
  ack: Near
  window: number
  data: number
  options: Options
  /** The sender takes the segment for sent: its next one goes after it. */
  counts: boolean
  damage: 'none' | 'checksum' | 'offset below' | 'offset beyond' | 'offset of all' | 'reserved bits'
  gap: number
}

type Options =
  | { kind: 'none' }
  | { kind: 'syn'; scale: number | null; sack: boolean; time: boolean; mss: boolean }
  | { kind: 'sack'; blocks: readonly Near[]; padded: boolean }
  | { kind: 'time' }
  | { kind: 'raw'; bytes: readonly number[] }

export interface Conversation {
  v6: boolean
  isns: readonly [number, number]
  opening: keyof typeof OPENINGS
  windows: readonly [number, number]
  options: readonly [Options, Options]
  steps: readonly Step[]
}

const OFFSETS = [
  0,
  1,
  -1,
  2,
  -2,
  10,
  -10,
  100,
  -100,
  999,
  1000,
  1001,
  -1460,
  3000,
  -3000,
  65534,
  65535,
  65536,
  -65535,
  65999,
  66000,
  66001,
  -65999,
  -66000,
  -66001,
  -66002,
  131070,
  2 ** 20,
  -(2 ** 20),
  2 ** 30,
  -(2 ** 30),
  2 ** 31,
  2 ** 31 - 1,
]

const near = (usual: Near['to']): fc.Arbitrary<Near> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant({ to: usual, off: 0 }) },
    { weight: 3, arbitrary: fc.record({ to: fc.constant(usual), off: fc.constantFrom(...OFFSETS) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        to: fc.constantFrom('next', 'first', 'acknowledged', 'edge', 'last', 'zero'),
        off: fc.constantFrom(...OFFSETS),
      }),
    },
  )

const synOptions: fc.Arbitrary<Options> = fc.record({
  kind: fc.constant('syn'),
  scale: fc.option(fc.integer({ min: 0, max: 15 }), { freq: 3, nil: null }),
  sack: fc.boolean(),
  time: fc.boolean(),
  mss: fc.boolean(),
})

const rawOptions: fc.Arbitrary<Options> = fc.record({
  kind: fc.constant('raw'),
  bytes: fc
    .array(
      fc.oneof(
        fc.constantFrom<number[]>([0], [1], wscale(7), sackPermitted(), mss(500), timestamps(1, 2)),
        fc.constantFrom<number[]>(
          [3, 4, 7, 0],
          [3, 2],
          [3, 0, 3],
          [4, 3, 0],
          [4, 1],
          [5, 2],
          [5, 6, 0, 0, 0, 9],
          [8, 40],
        ),
        fc.constantFrom<number[]>([5, 11, ...be32(1, 2), 0], [3, 3, 200], [19, 18], [253, 4, 1, 2], [3, 255], [5]),
        fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 6 }),
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.flat().slice(0, 40)),
})

const options: fc.Arbitrary<Options> = fc.oneof(
  { weight: 10, arbitrary: fc.constant({ kind: 'none' } as const) },
  { weight: 5, arbitrary: synOptions },
  { weight: 2, arbitrary: fc.constant({ kind: 'time' } as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('sack' as const),
      blocks: fc.array(near('next'), { minLength: 1, maxLength: 4 }),
      padded: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: rawOptions },
)

const anyFlags = fc.subarray([...'FSRPAUEWN']).map((letters) => letters.join(''))
const flags = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('A', 'A', 'A', 'PA', 'PA', 'S', 'SA', 'FA', 'FA', 'R', 'RA', 'R') },
  { weight: 3, arbitrary: fc.constantFrom('SP', 'SU', 'FPUA', 'UA', 'SAEW', 'SEW', 'RP', 'RAU', 'F', '') },
  { weight: 2, arbitrary: anyFlags },
)

export const windows = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(65535, 8192, 1000, 0) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 10, 100, 65534, 32768) },
)

export const TCP_TIMEOUTS = [10, 30, 60, 120, 300, 432_000]

const step: fc.Arbitrary<Step> = fc.record({
  reply: fc.boolean(),
  flags,
  seq: near('next'),
  ack: near('next'),
  window: windows,
  data: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.constantFrom(1, 2, 10, 100, 999, 1000, 1001, 1460, 3000) },
  ),
  options,
  counts: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  damage: fc.oneof(
    { weight: 80, arbitrary: fc.constant('none' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('checksum', 'offset below', 'offset beyond', 'offset of all', 'reserved bits'),
    },
  ),
  gap: gaps(TCP_TIMEOUTS, 6),
})

/** Segments before the random ones, as `side flags`: they lead to each of the tracker's states. */
const OPENINGS = {
  none: [],
  syn: ['c S'],
  'SYN-ACK': ['c S', 's SA'],
  open: ['c S', 's SA', 'c A'],
  'data both ways': ['c S', 's SA', 'c A', 'c PA', 's PA', 'c A'],
  'unanswered data': ['c S', 's SA', 'c A', 's A', 'c PA'],
  'client FIN': ['c S', 's SA', 'c A', 'c FA'],
  'client FIN acknowledged': ['c S', 's SA', 'c A', 'c FA', 's A'],
  'server FIN': ['c S', 's SA', 'c A', 's FA'],
  'both FIN': ['c S', 's SA', 'c A', 'c FA', 's FA'],
  closed: ['c S', 's SA', 'c A', 'c FA', 's FA', 'c A'],
  'client RST': ['c S', 's SA', 'c A', 'c R'],
  'server RST': ['c S', 's SA', 'c A', 's R'],
  'both SYN': ['c S', 's S'],
  'simultaneous open': ['c S', 's S', 'c SA', 's SA'],
  'picked up': ['c A'],
  'picked up, answered': ['c PA', 's A'],
  'picked up, assured': ['c PA', 's A', 'c A'],
  'SYN in open': ['c S', 's SA', 'c A', 'c S'],
  'SYN in LAST_ACK': ['c S', 's SA', 'c A', 'c FA', 's FA', 'c S'],
  'challenged SYN': ['c S', 's A'],
} as const satisfies Record<string, readonly string[]>

const isn = fc.oneof(fc.constantFrom(100, 0xfffffff0, 0x7ffffff0, 0), fc.nat(0xffffffff))
export const opening = fc.constantFrom(...(Object.keys(OPENINGS) as (keyof typeof OPENINGS)[]))

const conversation: fc.Arbitrary<Conversation> = fc.record({
  v6: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  isns: fc.tuple(isn, isn),
  opening,
  windows: fc.tuple(windows, windows),
  options: fc.tuple(
    fc.oneof(fc.constant({ kind: 'none' } as const), synOptions, rawOptions),
    fc.oneof(fc.constant({ kind: 'none' } as const), synOptions),
  ),
  steps: fc.array(step, { minLength: 1, maxLength: 14 }),
})

/** What one side has sent so far, by its own account. */
class Side {
  next: number
  first: number
  last: number
  /** What the other side acknowledged last, and how far its window reaches. */
  acknowledged: number
  edge: number
  scale = 0

  constructor(isn: number) {
    this.next = isn
    this.first = isn
    this.last = isn
    this.acknowledged = isn
    this.edge = isn
  }

  at(place: Near): number {
    return ((place.to === 'zero' ? 0 : this[place.to]) + place.off) >>> 0
  }
}

export const PLAIN = { to: 'next', off: 0 } as const

export function tcpPackets(value: Conversation, hosts: Hosts): TimedPacket[] {
  const sides = [new Side(value.isns[0]), new Side(value.isns[1])] as const
  const packets: TimedPacket[] = []
  const send = (one: Step): void => {
    packets.push({ bytes: segmentOf(one, sides, value.v6 ? hosts.v6 : hosts.v4), gap: one.gap })
  }
  for (const text of OPENINGS[value.opening]) {
    const [side, letters] = text.split(' ')
    const reply = side === 's'
    const isSyn = letters.includes('S')
    const own = value.options[reply ? 1 : 0]
    send({
      reply,
      flags: letters,
      seq: letters === 'SA' && value.opening === 'simultaneous open' ? { to: 'first', off: 0 } : PLAIN,
      ack: PLAIN,
      window: value.windows[reply ? 1 : 0],
      data: letters.includes('P') ? 100 : 0,
      options: isSyn ? own : { kind: 'none' },
      counts: !(isSyn && value.opening === 'simultaneous open' && letters === 'SA'),
      damage: 'none',
      gap: 0.001,
    })
  }
  for (const one of value.steps) send(one)
  return packets
}

function segmentOf(one: Step, sides: readonly [Side, Side], hosts: Hosts['v4']): Uint8Array {
  const from = sides[one.reply ? 1 : 0]
  const to = sides[one.reply ? 0 : 1]
  const seq = from.at(one.seq)
  const hasAck = one.flags.includes('A')
  const isSyn = one.flags.includes('S')
  const ack = hasAck || one.ack.to !== 'next' ? to.at(one.ack) : 0
  const segmentOptions = optionBytes(one.options, to)
  const path = one.reply
    ? `${hosts.end('server', 80)}>${hosts.end('client', 1000)}`
    : `${hosts.end('client', 1000)}>${hosts.end('server', 80)}`
  const words = 5 + Math.ceil(segmentOptions.flat().length / 4)
  const total = words * 4 + one.data
  const bytes = tcp(path, one.flags, {
    seq,
    ack,
    window: one.window,
    data: one.data,
    options: segmentOptions,
    ...(one.damage === 'checksum' ? { checksum: 'bad' as const } : {}),
    ...(one.damage === 'offset below' ? { dataOffset: 4 } : {}),
    ...(one.damage === 'offset beyond' ? { dataOffset: 15 } : {}),
    ...(one.damage === 'offset of all' ? { dataOffset: Math.min(15, total >> 2) } : {}),
  })
  if (one.counts) {
    from.last = seq
    from.next = (seq + one.data + (isSyn ? 1 : 0) + (one.flags.includes('F') ? 1 : 0)) >>> 0
    if (isSyn) from.first = seq
    if (isSyn && one.options.kind === 'syn') from.scale = Math.min(one.options.scale ?? 0, 14)
  }
  if (hasAck) {
    to.acknowledged = ack
    to.edge = (ack + (isSyn ? one.window : one.window * 2 ** from.scale)) >>> 0
  }
  return bytes
}

function optionBytes(wanted: Options, peer: Side): number[][] {
  switch (wanted.kind) {
    case 'none':
      return []
    case 'time':
      return [nop(), nop(), timestamps(1, 2)]
    case 'raw':
      return [[...wanted.bytes]]
    case 'sack': {
      const edges = wanted.blocks.flatMap((block) => [peer.at({ ...block, off: block.off - 10 }), peer.at(block)])
      return wanted.padded ? [nop(), nop(), sack(...edges)] : [sack(...edges)]
    }
    case 'syn':
      return [
        ...(wanted.mss ? [mss(1460)] : []),
        ...(wanted.sack ? [sackPermitted()] : []),
        ...(wanted.time ? [timestamps(1, 2)] : []),
        ...(wanted.scale === null ? [] : [nop(), wscale(wanted.scale)]),
      ]
  }
}

export const TCP_SETUPS: readonly Setup[] = [
  {},
  {},
  { sysctls: { nf_conntrack_tcp_be_liberal: '1' } },
  { sysctls: { nf_conntrack_tcp_loose: '0' } },
  { sysctls: { nf_conntrack_tcp_ignore_invalid_rst: '1' } },
  { sysctls: { nf_conntrack_tcp_max_retrans: '1' } },
  { sysctls: { nf_conntrack_checksum: '0' } },
]

export const TCP_SEGMENTS: Generator = generator({
  name: 'TCP segments',
  arbitrary: conversation,
  packets: tcpPackets,
  setups: TCP_SETUPS,
})
