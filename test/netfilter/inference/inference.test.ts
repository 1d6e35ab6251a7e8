import { describe, expect, test } from 'vitest'
import { FRAME_FLAG_INBOUND, FRAME_FLAG_OUTBOUND } from '../../../src/capture/frame-batch.ts'
import { FirstFrames } from '../../../src/netfilter/inference/first-frames.ts'
import { type CopiesOption, type Inference, inferFrom } from '../../../src/netfilter/inference/inference.ts'
import { decodeBatch } from '../../../src/pipeline/decode-batch.ts'
import { PacketBatch } from '../../../src/pipeline/packet-batch.ts'
import { ether, icmp, tcp, udp } from '../../support/packets.ts'
import { cooked, cooked2, LOOPBACK } from '../cooked.ts'
import type { TestFrame } from '../frames-reader.ts'
import { addFrame } from '../replaying.ts'

const LINKTYPE_ETHERNET = 1

const SENT_BY_US = 4

function inferred(
  frames: readonly (Uint8Array | TestFrame)[],
  { limit = frames.length, copies = 'auto' }: { limit?: number; copies?: CopiesOption } = {},
): Inference {
  const batch = new PacketBatch()
  for (const one of frames) {
    if (one instanceof Uint8Array) addFrame(batch, one)
    else addFrame(batch, one.bytes, one)
  }
  decodeBatch(batch)
  const seen = new FirstFrames()
  seen.look(batch, limit)
  return inferFrom(seen, copies)
}

const times = <T>(count: number, frame: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => frame(i))
const toServer = (i: number) => udp(`10.0.0.${i + 1}:4000>10.9.9.9:53`)
const fromServer = (i: number) => udp(`10.9.9.9:53>10.0.0.${i + 1}:4000`)
const conversation = (count: number) => times(count, (i) => (i % 2 ? fromServer(i >> 1) : toServer(i >> 1)))

describe('directions that the capture marks', () => {
  test('a cooked capture: the host is who sends', () => {
    const { mode, local, because } = inferred([
      cooked(SENT_BY_US, toServer(0)),
      cooked(0, fromServer(0)),
      cooked(1, udp('10.0.0.77:138>10.0.0.255:138')),
    ])
    expect({ mode, local }).toEqual({ mode: 'host', local: ['10.0.0.1'] })
    expect(because).toBe('the capture marks what its machine sent and received')
  })

  test('flags of pcapng: the host is who sends', () => {
    const { mode, local } = inferred([
      { bytes: toServer(0), flags: FRAME_FLAG_OUTBOUND },
      { bytes: fromServer(0), flags: FRAME_FLAG_INBOUND },
    ])
    expect({ mode, local }).toEqual({ mode: 'host', local: ['10.0.0.1'] })
  })

  test('a packet that comes in with a forged source of its own does not hide the host', () => {
    const spoken = times(6, () => [cooked(SENT_BY_US, toServer(0)), cooked(0, fromServer(0))]).flat()
    expect(inferred([...spoken, cooked(0, toServer(0))])).toMatchObject({ mode: 'host', local: ['10.0.0.1'] })
    expect(inferred([...spoken, ...times(3, () => cooked(0, toServer(0)))]).mode).toBe('router')
  })

  test('a group is not its own address, even if a forged packet seems to come from it', () => {
    const heard = times(30, () => cooked(0, udp('10.9.9.9:53>224.0.0.251:5353')))
    const { local } = inferred([
      ...heard,
      cooked(SENT_BY_US, toServer(0)),
      cooked(SENT_BY_US, udp('224.0.0.251:1>10.9.9.9:2')),
    ])
    expect(local).toEqual(['10.0.0.1'])
  })

  test('all addresses that it sends from', () => {
    const { local } = inferred([
      cooked(SENT_BY_US, toServer(0)),
      cooked(SENT_BY_US, udp('[2001:db8::1]:5>[2001:db8::2]:6')),
      cooked(SENT_BY_US, udp('127.0.0.1:5>127.0.0.1:6')),
    ])
    expect(local).toContain('10.0.0.1')
    expect(local).toContain('2001:db8::1')
  })

  test('a router sends and receives packets of the same addresses', () => {
    const { mode, because } = inferred([cooked(0, toServer(0)), cooked(SENT_BY_US, toServer(0))])
    expect(mode).toBe('router')
    expect(because).toBe('the capture marks directions, but no address only sends or only receives')
  })

  test.each([
    ['version 1', (packet: Uint8Array) => cooked(0, packet, LOOPBACK)],
    ['version 2', (packet: Uint8Array) => cooked2(0, packet, 1, LOOPBACK)],
  ])('a host that also talks to itself, %s', (_, toItself) => {
    const { mode, local } = inferred([
      cooked(SENT_BY_US, toServer(0)),
      cooked(0, fromServer(0)),
      toItself(udp('10.0.0.1:4000>10.0.0.1:53')),
      toItself(udp('10.0.0.1:53>127.0.0.1:4000')),
      toItself(udp('127.0.0.1:4000>10.0.0.1:53')),
    ])
    expect({ mode, local }).toEqual({ mode: 'host', local: ['10.0.0.1'] })
  })

  test('a router captured on all its devices, which sends packets of its own, too', () => {
    const passedOn = times(3, (i) => [
      cooked(0, udp('10.0.0.1:4000>10.9.9.9:53', { id: i + 1, ttl: 64 })),
      cooked(SENT_BY_US, udp('192.0.2.1:4000>10.9.9.9:53', { id: i + 1, ttl: 63 })),
    ]).flat()
    const frames = [...passedOn, cooked(SENT_BY_US, udp('10.0.0.254:53>10.0.0.1:4001'))]
    const { mode, local, because, forwards } = inferred(frames)
    expect({ mode, local, forwards }).toEqual({ mode: 'router', local: ['192.0.2.1', '10.0.0.254'], forwards: true })
    expect(because).toBe('the capture shows packets as they came and as they left')
    const kept = inferred(frames, { copies: 'keep' })
    expect(kept).toMatchObject({ mode: 'host', datagrams: 7, copies: 3, skipsCopies: false, forwards: false })
  })

  test('an address that a router translates to another is not its own, but that of what it masquerades', () => {
    const passedOn = times(3, (i) => {
      const [id, back] = [i + 1, i + 91]
      return [
        cooked(0, tcp(`10.0.0.1:40${i}>192.0.2.77:80`, 'S', { id, ttl: 64 })),
        cooked(SENT_BY_US, tcp(`192.0.2.1:40${i}>10.9.9.9:80`, 'S', { id, ttl: 63 })),
        cooked(0, tcp(`10.9.9.9:80>192.0.2.1:40${i}`, 'SA', { id: back, ack: 1, ttl: 64 })),
        cooked(SENT_BY_US, tcp(`192.0.2.77:80>10.0.0.1:40${i}`, 'SA', { id: back, ack: 1, ttl: 63 })),
        cooked(0, udp(`10.0.0.1:50${i}>192.0.2.78:53`, { id, ttl: 64 })),
        cooked(SENT_BY_US, udp(`192.0.2.1:50${i}>10.9.9.9:53`, { id, ttl: 63 })),
        cooked(0, udp(`10.9.9.9:53>192.0.2.1:50${i}`, { id: back, ttl: 64 })),
        cooked(SENT_BY_US, udp(`192.0.2.78:53>10.0.0.1:50${i}`, { id: back, ttl: 63 })),
        // In the name of an address that only REJECT answers for.
        cooked(0, tcp(`10.0.0.1:60${i}>10.9.9.10:81`, 'S')),
        cooked(SENT_BY_US, tcp(`10.9.9.10:81>10.0.0.1:60${i}`, 'RA', { ack: 1 })),
      ]
    }).flat()
    const { mode, local } = inferred(passedOn)
    expect({ mode, local }).toEqual({ mode: 'router', local: ['192.0.2.1'] })
  })

  test('a host with a bridge shows packets twice, and forwards nothing', () => {
    const twice = times(3, (i) => {
      const packet = udp('10.0.0.1:4000>10.9.9.9:53', { id: i + 1 })
      return [cooked(SENT_BY_US, packet), cooked(SENT_BY_US, packet)]
    }).flat()
    const { mode, local, copies, forwards } = inferred(twice, { copies: 'skip' })
    expect({ mode, local, copies, forwards }).toEqual({
      mode: 'host',
      local: ['10.0.0.1'],
      copies: 3,
      forwards: false,
    })
  })

  test('a few copies among many frames are chance', () => {
    const few = [0, 1, 2].flatMap((id) => [64, 63].map((ttl) => udp('10.0.0.1:4000>10.9.9.9:53', { id, ttl })))
    expect(inferred(few).copies).toBe(3)
    const some = [...few, ...conversation(40)]
    expect(inferred(some)).toMatchObject({ mode: 'host', copies: 3, skipsCopies: false, forwards: false })
    expect(inferred(some, { copies: 'skip' })).toMatchObject({ mode: 'router', local: [], forwards: true })
    expect(inferred([...few, ...conversation(200)]).copies).toBe(0)
  })

  test('a host without an address yet is not 0.0.0.0', () => {
    const { mode, local } = inferred([
      cooked(SENT_BY_US, udp('0.0.0.0:68>255.255.255.255:67')),
      cooked(0, udp('10.0.0.254:67>10.0.0.5:68')),
      cooked(SENT_BY_US, udp('10.0.0.5:4000>10.9.9.9:53')),
    ])
    expect({ mode, local }).toEqual({ mode: 'host', local: ['10.0.0.5'] })
  })

  test('groups that are sent to are nobody', () => {
    const { local } = inferred([
      cooked(SENT_BY_US, udp('10.0.0.5:5353>224.0.0.251:5353')),
      cooked(2, udp('10.0.0.6:5353>224.0.0.251:5353')),
    ])
    expect(local).toEqual(['10.0.0.5'])
  })

  test('one mark is worth more than any count', () => {
    const { local } = inferred([...conversation(40), cooked(SENT_BY_US, toServer(0)), cooked(0, fromServer(0))])
    expect(local).toEqual(['10.0.0.1'])
  })
})

describe('forwarded packets without direction marks', () => {
  const [CLIENT, LAN, WAN, SERVER] = ['0c', '01', '02', '05'].map((last) => `02:00:00:00:00:${last}`)
  const frame = (source: string, destination: string, packet: Uint8Array): TestFrame => ({
    bytes: ether(packet, { source, destination }),
    linkType: LINKTYPE_ETHERNET,
  })
  /** A client behind a router, which masquerades, and a server that it asks, as both interfaces show them. */
  const passedOn = (id: number): TestFrame[] => [
    frame(CLIENT, LAN, udp('10.0.0.1:4000>10.9.9.9:53', { id, ttl: 64 })),
    frame(WAN, SERVER, udp('192.0.2.1:4000>10.9.9.9:53', { id, ttl: 63 })),
    frame(SERVER, WAN, udp('10.9.9.9:53>192.0.2.1:4000', { id, ttl: 64 })),
    frame(LAN, CLIENT, udp('10.9.9.9:53>10.0.0.1:4000', { id, ttl: 63 })),
  ]
  const many = times(10, (i) => passedOn(i + 1)).flat()

  test('packets are shown once more with a TTL smaller by one: a router, though one address is on every frame', () => {
    const { mode, local, because, copies, skipsCopies, forwards } = inferred(many)
    expect({ mode, local, copies, skipsCopies, forwards }).toEqual({
      mode: 'router',
      local: ['192.0.2.1'],
      copies: 20,
      skipsCopies: true,
      forwards: true,
    })
    expect(because).toBe('the capture shows packets once more with a TTL smaller by one, as a router sends them on')
  })

  test('where copies are kept, it is a router all the same', () => {
    expect(inferred(many, { copies: 'keep' })).toMatchObject({ mode: 'router', local: [], skipsCopies: false })
  })

  test('the router is known by its Ethernet addresses, also in what it said before it forwarded', () => {
    const early = frame(LAN, CLIENT, tcp('10.0.0.254:22>10.0.0.1:4001', 'SA', { ack: 1, ttl: 64 }))
    expect(inferred([early, ...many]).local).toEqual(['10.0.0.254', '192.0.2.1'])
  })

  test('what it forwards without the capture showing both frames is not its own: the TTL is none to begin with', () => {
    const elsewhere = frame(WAN, SERVER, udp('172.16.0.9:4000>10.9.9.9:53', { ttl: 61 }))
    expect(inferred([elsewhere, ...many]).local).toEqual(['192.0.2.1'])
  })

  test('a tenth of the datagrams is enough', () => {
    const others = (count: number) => times(count, (i) => frame(CLIENT, LAN, toServer(i)))
    expect(inferred([...many, ...others(160)])).toMatchObject({ mode: 'router', forwards: true })
    expect(inferred([...many, ...others(161)])).toMatchObject({ forwards: false })
  })

  test('without Ethernet nothing tells the addresses of the router', () => {
    const bare = many.map(({ bytes }) => bytes.subarray(14))
    expect(inferred(bare)).toMatchObject({ mode: 'router', local: [], skipsCopies: true })
  })
})

describe('addresses counted', () => {
  test('one address on every frame is the host', () => {
    const { mode, local, because } = inferred(conversation(40))
    expect({ mode, local }).toEqual({ mode: 'host', local: ['10.9.9.9'] })
    expect(because).toBe('it is on nearly every frame')
  })

  test.each([
    [95, 'host'],
    [94, 'router'],
  ])('on %i of 100 frames: %s', (own, mode) => {
    const others = times(100 - own, (i) => udp(`10.1.0.${i}:4000>10.2.0.${i}:53`))
    const { mode: found, because } = inferred([...conversation(own), ...others])
    expect(found).toBe(mode)
    expect(because).toBe(mode === 'host' ? 'it is on nearly every frame' : 'no single address is on nearly every frame')
  })

  test('two hosts only: nothing tells which one captured', () => {
    const { mode, because } = inferred(times(40, (i) => (i % 2 ? fromServer(0) : toServer(0))))
    expect(mode).toBe('router')
    expect(because).toMatch(/^10\.\S+ and 10\.\S+ are both on nearly every frame, and either may be the host$/)
  })

  test('few frames say nothing', () => {
    expect(inferred(conversation(9))).toMatchObject({ mode: 'router', because: '9 frames are too few to tell' })
    expect(inferred(conversation(10)).mode).toBe('host')
    expect(inferred(conversation(1)).because).toBe('1 frame is too few to tell')
    expect(inferred([])).toMatchObject({ mode: 'router', because: 'the first frames hold no datagram' })
  })

  test('two hosts on few frames: both are on all of them, and still it is too few to tell', () => {
    expect(inferred(times(8, (i) => (i % 2 ? fromServer(0) : toServer(0)))).because).toBe(
      '8 frames are too few to tell',
    )
  })

  test('only the first frames are looked at', () => {
    expect(inferred(conversation(40), { limit: 9 }).mode).toBe('router')
  })

  test('who only receives is no host: it may be a broadcast', () => {
    expect(inferred(times(40, (i) => udp(`10.0.0.${i + 1}:138>10.0.0.255:138`))).mode).toBe('router')
  })

  test('a group that is sent to is no host', () => {
    expect(inferred(times(40, (i) => udp(`10.0.0.${i + 1}:5353>224.0.0.251:5353`))).mode).toBe('router')
  })

  test('an IPv6 address on every frame is the host', () => {
    const { mode, local } = inferred(
      times(20, (i) =>
        udp(i % 2 ? `[2001:db8::9]:53>[2001:db8::${i}]:4000` : `[2001:db8::${i}f]:4000>[2001:db8::9]:53`),
      ),
    )
    expect({ mode, local }).toEqual({ mode: 'host', local: ['2001:db8::9'] })
  })

  test('one address of each family', () => {
    const six = times(20, (i) => udp(`[2001:db8::9]:53>[2001:db8::1:${i}]:4000`))
    const { local, because } = inferred([...conversation(40), ...six])
    expect(local).toEqual(['10.9.9.9', '2001:db8::9'])
    expect(because).toBe('they are on nearly every frame')
  })

  test('what is on every frame of the lesser family only is no host', () => {
    const many = times(40, (i) => udp(`10.1.0.${i}:4000>10.2.0.${i}:53`))
    const six = times(20, (i) => udp(`[2001:db8::9]:53>[2001:db8::1:${i}]:4000`))
    expect(inferred([...many, ...six]).mode).toBe('router')
  })
})

describe('checksums', () => {
  const good = (i: number) => udp(`10.0.0.${i}:4000>10.9.9.9:53`)
  const bad = (i: number) => udp(`10.0.0.${i}:4000>10.9.9.9:53`, { checksum: 'bad' })

  test('a third of them wrong: they mean nothing', () => {
    const wrong = inferred([...times(60, good), ...times(40, bad)])
    expect(wrong).toMatchObject({ checksumsUnreliable: true, checksumsSeen: 100, checksumsWrong: 40 })
  })

  test('some wrong ones are damage', () => {
    expect(inferred([...times(80, good), ...times(20, bad)]).checksumsUnreliable).toBe(false)
  })

  test('ten wrong ones are too few to tell', () => {
    expect(inferred(times(10, bad)).checksumsUnreliable).toBe(false)
    expect(inferred(times(11, bad)).checksumsUnreliable).toBe(true)
  })

  test('those of ICMP are not counted: no network card leaves them wrong', () => {
    const pings = times(40, (i) => icmp(`10.0.0.${i}>10.9.9.9`, 8, 0, { checksum: 'bad' }))
    expect(inferred(pings)).toMatchObject({ checksumsUnreliable: false, checksumsSeen: 0, checksumsWrong: 0 })
  })

  test('packets cut by the snap length are not counted', () => {
    const cut = times(40, () => ({
      bytes: tcp('10.0.0.1:1>10.0.0.2:2', 'A', { data: 500, checksum: 'bad' }),
      captured: 60,
    }))
    expect(inferred(cut)).toMatchObject({ checksumsUnreliable: false, checksumsSeen: 0, checksumsWrong: 0 })
  })
})
