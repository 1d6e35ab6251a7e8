import { describe, expect, test } from 'vitest'
import { FRAME_FLAG_NO_TIME, LINK_TYPE_NONE } from '../../src/capture/frame-batch.ts'
import { ENTRY_INTS } from '../../src/conntrack/entry.ts'
import { c, s } from '../conntrack/ends.ts'
import { datagram, ether, fragments, icmp, tcp, udp } from '../support/packets.ts'
import { EPOCH, Replaying, table } from './replaying.ts'

describe('the capture clock', () => {
  const question = udp('10.0.0.1:1000>10.9.9.9:53')
  const answer = udp('10.9.9.9:53>10.0.0.1:1000')

  test('is the only clock: an entry lives its time and no longer', () => {
    const router = new Replaying()
    router.say(question)
    expect(router.wait(29.999).say(question)).toBe('NEW FORWARD ACCEPT')
    expect(router.wait(30).say(answer)).toBe('NEW FORWARD ACCEPT')
    const again = new Replaying()
    again.say(question)
    expect(again.wait(29.999999).say(answer)).toBe('ESTABLISHED/reply FORWARD ACCEPT')
  })

  test('stands still where time runs backwards, and the frames are counted', () => {
    const router = new Replaying()
    router.say(question, { time: 100 })
    expect(router.say(answer, { time: 0 })).toBe('ESTABLISHED/reply FORWARD ACCEPT')
    router.say(question, { time: 99.999999 })
    expect(router.machine.framesBackInTime).toBe(2)
    expect(router.say(question, { time: 100 })).toBe('ESTABLISHED FORWARD ACCEPT')
    expect(router.machine.framesBackInTime).toBe(2)
  })

  test('time that ran backwards does not shorten a life', () => {
    const router = new Replaying()
    router.say(question, { time: 100 })
    router.say(udp('10.0.0.9:1>10.9.9.9:53'), { time: 20 })
    expect(router.say(answer, { time: 129 })).toBe('ESTABLISHED/reply FORWARD ACCEPT')
  })

  test('the outcome says the time as captured, even so', () => {
    const router = new Replaying()
    router.say(question, { time: 100 })
    router.say(answer, { time: 3.25 })
    expect(router.outcome).toMatchObject({ epochSeconds: EPOCH + 3, nanoseconds: 250_000_000 })
  })

  test('starts with the first frame that has a time', () => {
    const router = new Replaying()
    // A block of pcapng before any packet: neither time nor bytes.
    router.say(new Uint8Array(0), { time: -EPOCH, linkType: LINK_TYPE_NONE, flags: FRAME_FLAG_NO_TIME })
    router.say(question, { time: 0.000000001 })
    const { times } = router.machine.tracker.current.table
    const { id } = router.machine.tracker.current
    expect(id).toBeGreaterThanOrEqual(0)
    // A clock that counted from 1970 would have lost the nanosecond: 53 bits do not hold it.
    expect(Array.from(times)).toContain(30e9 + 1)
    expect(ENTRY_INTS % 2).toBe(0)
    expect(router.machine.framesBackInTime).toBe(0)
  })

  test('may jump by years', () => {
    const router = new Replaying()
    router.say(question, { time: 0 })
    expect(router.say(answer, { time: 1e9 })).toBe('NEW FORWARD ACCEPT')
  })
})

describe('fragments', () => {
  const whole = udp('10.0.0.1:1000>10.9.9.9:53', { data: 2000, id: 77 })
  const [first, second, third] = fragments(whole, 800)

  test('the label stands at the frame that completes the datagram', () => {
    const router = new Replaying()
    expect(router.sayAll([first, second, third])).toEqual(['fragment-queued', 'fragment-queued', 'NEW FORWARD ACCEPT'])
  })

  test('the label stands there in whatever order they come', () => {
    expect(new Replaying().sayAll([third, first, second])).toEqual([
      'fragment-queued',
      'fragment-queued',
      'NEW FORWARD ACCEPT',
    ])
  })

  test('rules see the whole datagram', () => {
    const rules = table(
      'filter',
      '-A FORWARD -f -j DROP',
      '-A FORWARD -p udp --dport 53 -m length --length 2028 -j DROP',
    )
    const router = new Replaying({ rules })
    expect(router.sayAll([first, second, third]).at(-1)).toBe('NEW FORWARD DROP filter:FORWARD:rule:2')
  })

  test('the outcome keeps the fields of the fragment itself', () => {
    const router = new Replaying()
    router.sayAll([first, second, third])
    expect(router.outcome.wireLength).toBe(third.length)
    expect(router.outcome.capturedLength).toBe(third.length)
  })

  test('an overlap is dropped with all that was kept', () => {
    const router = new Replaying()
    const overlapping = datagram('10.0.0.1>10.9.9.9', 17, new Uint8Array(16), { id: 77, offset: 1544, mf: true })
    expect(router.sayAll([first, second, overlapping, third])).toEqual([
      'fragment-queued',
      'fragment-queued',
      'fragment-dropped',
      'fragment-queued',
    ])
    expect(router.live).toBe(0)
  })

  test('a missing piece is waited for thirty seconds', () => {
    const router = new Replaying()
    router.sayAll([first, second])
    expect(router.wait(29).say(third)).toBe('NEW FORWARD ACCEPT')
    const late = new Replaying()
    late.sayAll([first, second])
    expect(late.wait(31).say(third)).toBe('fragment-queued')
  })

  test('of a host that is not this one are not seen', () => {
    const host = new Replaying({ mode: 'host', local: ['10.0.0.5'] })
    expect(host.sayAll([first, second, third])).toEqual(['not-seen', 'not-seen', 'not-seen'])
  })

  test('IPv6: the label stands at the frame that completes the datagram', () => {
    const pieces = fragments(udp('[2001:db8::1]:1000>[2001:db8:9::9]:53', { data: 2000 }), 1280)
    expect(new Replaying().sayAll(pieces)).toEqual(['fragment-queued', 'NEW FORWARD ACCEPT'])
  })

  test('a datagram cut by the snap length is whole for the tracker', () => {
    const router = new Replaying()
    router.say(first, { captured: 60 })
    router.say(second, { captured: 60 })
    expect(router.say(third, { captured: 60 })).toBe('NEW FORWARD ACCEPT')
  })

  test('a first fragment cut within its ports says nothing', () => {
    const router = new Replaying()
    router.say(first, { captured: 22 })
    router.say(second)
    expect(router.say(third)).toBe('cut')
  })
})

describe('checksums', () => {
  const bad = udp('10.0.0.1:1000>10.9.9.9:53', { checksum: 'bad' })
  /** What a sender leaves in the field for its network card: the sum of the pseudo header. */
  const leftToCard = (path: string) => {
    const packet = udp(path, { data: 'x' })
    const sum = pseudoHeaderSum(packet)
    packet.set([sum >> 8, sum & 255], 26)
    return packet
  }

  test('a bad one is INVALID at PREROUTING, with the reason, and the packet goes on', () => {
    const router = new Replaying()
    expect(router.say(bad)).toBe('INVALID FORWARD ACCEPT')
    expect(router.reason).toMatch(/checksum/)
  })

  test('nobody looks in OUTPUT', () => {
    const host = new Replaying({ mode: 'host', local: ['10.0.0.1'] })
    expect(host.say(bad)).toBe('NEW OUTPUT ACCEPT')
  })

  test('nobody looks with nf_conntrack_checksum=0', () => {
    expect(new Replaying({ sysctls: { nf_conntrack_checksum: 0 } }).say(bad)).toBe('NEW FORWARD ACCEPT')
  })

  test('nobody looks with --checksum ignore, at no header either', () => {
    const router = new Replaying({ checksum: 'ignore' })
    expect(router.say(bad)).toBe('NEW FORWARD ACCEPT')
    expect(router.say(udp('10.0.0.1:1>10.9.9.9:53', { headerChecksum: 0x1234 }))).toBe('NEW FORWARD ACCEPT')
  })

  test.each([
    ['auto', 'NEW FORWARD ACCEPT', 1],
    ['verify', 'INVALID FORWARD ACCEPT', 0],
  ] as const)('left to the network card, with --checksum %s', (checksum, said, forgiven) => {
    const router = new Replaying({ checksum })
    expect(router.say(leftToCard('10.0.0.1:1000>10.9.9.9:53'))).toBe(said)
    expect(router.checksums.forgiven).toBe(forgiven)
  })

  test.each([
    ['auto', 'NEW FORWARD ACCEPT', 1],
    ['verify', 'INVALID FORWARD ACCEPT', 0],
  ] as const)(
    'of a segment that the network card was to cut (total length 0), with --checksum %s',
    (checksum, said, forgiven) => {
      const router = new Replaying({ checksum })
      const segment = tcp('10.0.0.1:1000>10.9.9.9:80', 'S', { data: 3000, totalLength: 0, checksum: 'bad' })
      expect(router.say(segment)).toBe(said)
      expect(router.checksums.forgiven).toBe(forgiven)
    },
  )

  test('auto does not forgive a sum that is just wrong', () => {
    const router = new Replaying({ checksum: 'auto' })
    expect(router.say(bad)).toBe('INVALID FORWARD ACCEPT')
    expect(router.checksums.forgiven).toBe(0)
  })

  test('auto forgives everything where sums mean nothing', () => {
    const router = new Replaying({ checksum: 'auto' })
    router.checksums.unreliable = true
    expect(router.say(bad)).toBe('NEW FORWARD ACCEPT')
    expect(router.say(udp('10.0.0.1:1>10.9.9.9:53', { headerChecksum: 0x1234 }))).toBe('NEW FORWARD ACCEPT')
  })

  test.each([
    ['auto', 0, 'NEW FORWARD ACCEPT'],
    ['auto', 0x1234, 'ip-checksum'],
    ['verify', 0, 'ip-checksum'],
    ['verify', 0x1234, 'ip-checksum'],
  ] as const)('an IP header checksum, --checksum %s, of %i', (checksum, headerChecksum, said) => {
    expect(new Replaying({ checksum }).say(udp('10.0.0.1:1>10.9.9.9:53', { headerChecksum }))).toBe(said)
  })

  test('the host fills in the header checksum of what it sends', () => {
    const host = new Replaying({ mode: 'host', local: ['10.0.0.1'] })
    expect(host.say(udp('10.0.0.1:1>10.9.9.9:53', { headerChecksum: 0x1234 }))).toBe('NEW OUTPUT ACCEPT')
  })

  test('a packet cut by the snap length cannot be verified, and passes', () => {
    const long = tcp('10.0.0.1:1000>10.9.9.9:80', 'S', { data: 400, checksum: 'bad' })
    expect(new Replaying().say(long, { captured: 60 })).toBe('NEW FORWARD ACCEPT')
  })

  test('a header cut by the snap length says nothing', () => {
    expect(new Replaying().say(c('S', 100), { captured: 30 })).toBe('cut')
    expect(new Replaying().say(c('S', 100), { captured: 12 })).toBe('cut')
  })
})

describe('a full table', () => {
  const opening = (client: number) => udp(`10.0.0.${client}:1000>10.9.9.9:53`)

  test('pushes out a connection that nobody answered', () => {
    const router = new Replaying({ sysctls: { nf_conntrack_max: 2 } })
    expect(router.sayAll([opening(1), opening(2), opening(3)])).toEqual(Array(3).fill('NEW FORWARD ACCEPT'))
    expect(router.live).toBe(2)
    expect(router.machine.tracker.current).toMatchObject({ limit: { evicted: 1, fullDrops: 0 }, peakCount: 2 })
  })

  test('drops what opens a connection where all others are assured, and says so', () => {
    const router = new Replaying({ sysctls: { nf_conntrack_max: 1 } })
    router.sayAll([c('S', 100), s('SA', 500, 101), c('A', 101, 501), s('A', 501, 101)])
    expect(router.say(opening(1))).toBe('DROP')
    expect(router.outcome.dropHook).toBe(0)
    expect(router.reason).toMatch(/full/)
    expect(router.machine.tracker.current.limit).toMatchObject({ evicted: 0, fullDrops: 1 })
    expect(router.say(c('A', 101, 501))).toBe('ESTABLISHED FORWARD ACCEPT')
  })

  test('drops nothing where something expired', () => {
    const router = new Replaying({ sysctls: { nf_conntrack_max: 1 } })
    router.say(opening(1))
    expect(router.wait(31).say(opening(2))).toBe('NEW FORWARD ACCEPT')
    expect(router.machine.tracker.current.limit).toMatchObject({ evicted: 0, fullDrops: 0 })
  })

  test('takes what needs no connection', () => {
    const router = new Replaying({ sysctls: { nf_conntrack_max: 1 } })
    router.sayAll([c('S', 100), s('SA', 500, 101), c('A', 101, 501), s('A', 501, 101)])
    expect(router.say(icmp('10.9.9.9>10.0.0.1', 3, 1, { data: c('A', 101, 501) }))).toContain('RELATED')
    expect(router.say(c('SF', 1))).toContain('INVALID')
  })

  test('nf_conntrack_max=0 is no limit', () => {
    const router = new Replaying({ sysctls: { nf_conntrack_max: 0 } })
    for (let client = 1; client < 250; client++) router.say(opening(client))
    expect(router.live).toBe(249)
  })
})

describe('what the outcome says of the frame', () => {
  test('frames are counted, whatever they hold', () => {
    const router = new Replaying()
    router.say(ether(Uint8Array.of(1, 2, 3), { type: 0x88cc }), { linkType: 1 })
    router.say(udp('10.0.0.1:1>10.9.9.9:53'))
    expect(router.outcome.frame).toBe(2)
    expect(router.outcome.fileFrame).toBe(2)
    expect(router.machine.frames).toBe(2)
  })

  test('nothing is left over from the frame before', () => {
    const rules = table('filter', '-A FORWARD -p udp -j DROP')
    const router = new Replaying({ rules })
    router.say(udp('10.0.0.1:1>10.9.9.9:53'))
    router.say(udp('10.0.0.1:1>10.9.9.9:53', { headerChecksum: 1 }))
    expect(router.outcome).toMatchObject({
      state: 0,
      direction: -1,
      hook: -1,
      dropHook: -1,
      verdict: 0,
      rule: null,
      reason: 0,
      connectionNumber: 0,
      confirmedNew: false,
      hintHelper: null,
    })
  })

  test('the fields are those of the frame, whatever rules and NAT made of it', () => {
    const rules =
      table('nat', '-A PREROUTING -j DNAT --to-destination 10.99.0.1') +
      table('mangle', '-A FORWARD -j TTL --ttl-set 9')
    const router = new Replaying({ rules })
    const packet = udp('10.0.0.1:1>10.9.9.9:53', { ttl: 33 })
    router.say(packet)
    const { fields, base } = router.outcome
    expect([fields[base + 8], fields[base + 16] >>> 0]).toEqual([33, 0x0a090909])
  })
})

function pseudoHeaderSum(packet: Uint8Array): number {
  const length = packet.length - 20
  let sum = packet[9] + length
  for (let i = 12; i < 20; i += 2) sum += (packet[i] << 8) | packet[i + 1]
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}
