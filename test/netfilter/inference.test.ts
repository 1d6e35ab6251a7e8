import { describe, expect, test } from 'vitest'
import { FRAME_FLAG_INBOUND, FRAME_FLAG_OUTBOUND } from '../../src/capture/frame-batch.ts'
import { type Inference, inferFrom } from '../../src/netfilter/inference.ts'
import { decodeBatch } from '../../src/pipeline/decode-batch.ts'
import { PacketBatch } from '../../src/pipeline/packet-batch.ts'
import { be16, concat, tcp, udp } from '../support/packets.ts'
import type { TestFrame } from './frames-reader.ts'
import { addFrame } from './replaying.ts'

const LINKTYPE_LINUX_SLL = 113
const SENT_BY_US = 4

function inferred(frames: readonly (Uint8Array | TestFrame)[], limit = frames.length): Inference {
  const batch = new PacketBatch()
  for (const one of frames) {
    if (one instanceof Uint8Array) addFrame(batch, one)
    else addFrame(batch, one.bytes, one)
  }
  decodeBatch(batch)
  return inferFrom([batch], limit)
}

/** A frame of a cooked capture; 0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 sent by us. */
const cooked = (type: number, packet: Uint8Array): TestFrame => ({
  bytes: concat(be16(type, 1, 6), [2, 0, 0, 0, 0, 1, 0, 0], be16(packet[0] >> 4 === 6 ? 0x86dd : 0x0800), packet),
  linkType: LINKTYPE_LINUX_SLL,
})

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
    expect(inferred(conversation(9)).mode).toBe('router')
    expect(inferred(conversation(10)).mode).toBe('host')
    expect(inferred([]).mode).toBe('router')
  })

  test('only the first frames are looked at', () => {
    expect(inferred(conversation(40), 9).mode).toBe('router')
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

  test('packets cut by the snap length are not counted', () => {
    const cut = times(40, () => ({
      bytes: tcp('10.0.0.1:1>10.0.0.2:2', 'A', { data: 500, checksum: 'bad' }),
      captured: 60,
    }))
    expect(inferred(cut)).toMatchObject({ checksumsUnreliable: false, checksumsSeen: 0, checksumsWrong: 0 })
  })
})
