import { describe, expect, it } from 'vitest'
import { LINK_TYPE_NONE, NO_TIME_DIGITS } from '../../src/capture/frame-batch.ts'
import {
  REASON_CHECKSUM,
  REASON_HELPER_DROP,
  REASON_TCP_FLAGS,
  REASON_TCP_SEQ_OVER,
} from '../../src/conntrack/reasons.ts'
import { CONVERSATIONS_MAX } from '../../src/report/blocked-conversations.ts'
import { TrafficCounters } from '../../src/report/traffic-counters.ts'
import { VERDICT_DROP } from '../../src/ruleset/packet/rule-packet.ts'
import type { RuleInfo } from '../../src/ruleset/ruleset.ts'
import { NOTE_FRAGMENT_QUEUED, TCP_SYN } from '../../src/wire/packet-fields.ts'
import { NO_RULES } from '../support/no-rules.ts'
import { addressWords, outcome, rule } from './outcomes.ts'
import { counted, summaryOf } from './summary-of.ts'

const NEW = { state: 1, direction: 0, hook: 2 }
const ESTABLISHED_REPLY = { state: 2, direction: 1, hook: 2 }
const INVALID = { state: 4, direction: -1, hook: 2 }
const DROPPED = { verdict: 2, dropHook: 2, rule: rule() }

const flat = (text: string): string => text.replace(/\s+/g, ' ')
const ssh = { src: '10.0.0.1', dst: '10.0.0.2', sport: 4000, dport: 22, tcpFlags: TCP_SYN }
const sshReply = { src: '10.0.0.2', dst: '10.0.0.1', sport: 22, dport: 4000 }

describe('the summary', () => {
  it('names the options that its results depend on', () => {
    const given = ['--rules web.v4', '--assume owner=no']
    expect(summaryOf([], {}, false, given)).toContain('\nOptions\n  --rules web.v4 --assume owner=no\n')
    expect(summaryOf([])).not.toContain('Options')
  })

  it('takes the span of time from the frames that have one', () => {
    const timeless = () => outcome(ssh, { ...NEW, epochSeconds: 0, nanoseconds: 0, digits: NO_TIME_DIGITS })
    const timed = outcome(ssh, { ...NEW, epochSeconds: 1_700_000_000, nanoseconds: 0 })
    expect(summaryOf([timeless(), timed, timeless()])).toContain('  2023-11-14 22:13:20 to 22:13:20 UTC, 0.000 s\n')
    expect(summaryOf([timeless()])).toContain('  No frame has a time.\n')
  })

  it('tells the story of a connection blocked at its first packet', () => {
    const text = summaryOf([
      outcome(ssh, { ...NEW, ...DROPPED, connectionNumber: 1 }),
      outcome(sshReply, { ...INVALID, verdict: 1 }),
      outcome(ssh, { ...NEW, ...DROPPED, connectionNumber: 2 }),
    ])
    expect(flat(text)).toContain(
      '10.0.0.1:4000 > 10.0.0.2:22 tcp: lost the first packet of a connection (frame 1) by FORWARD rule 3; ' +
        'since then 1 more dropped, 1 passed',
    )
    expect(flat(text)).toContain('FORWARD rule 3: 2 packets, 120 bytes, 1 conversation line 12: -A FORWARD -p tcp')
  })

  it('says where that packet has no SYN, so that an earlier connection was forgotten or is not in the capture', () => {
    const text = summaryOf([outcome({ ...ssh, tcpFlags: 0 }, { ...NEW, ...DROPPED, connectionNumber: 1 })])
    expect(flat(text)).toContain('tcp: blocked at the first packet of a connection (frame 1, no SYN) by FORWARD rule 3')
  })

  it('begins with the conversation that lost most, not with the longest', () => {
    const web = { src: '10.0.0.1', dst: '10.0.0.3', sport: 5000, dport: 80 }
    const text = summaryOf([
      outcome(ssh, { ...NEW, ...DROPPED, connectionNumber: 1 }),
      ...Array.from({ length: 5 }, () => outcome(sshReply, { ...INVALID, verdict: 1 })),
      outcome(web, { ...INVALID, ...DROPPED }),
      outcome(web, { ...INVALID, ...DROPPED }),
    ])
    expect(text.indexOf('10.0.0.3:80 tcp: 2 packets dropped')).toBeGreaterThan(0)
    expect(text.indexOf('10.0.0.3:80 tcp:')).toBeLessThan(text.indexOf('10.0.0.2:22 tcp:'))
  })

  it('says which drops rest on what was not decided', () => {
    const some = [0, 7].map((assumesFrame) => outcome(ssh, { ...INVALID, ...DROPPED, assumesFrame }))
    expect(flat(summaryOf(some))).toContain('FORWARD rule 3: 2 packets, 120 bytes, 1 conversation, 1 of them only if')
    expect(flat(summaryOf(some.slice(1)))).toContain('1 conversation, all only if an undecided packet has passed')
  })

  it('explains what the tracker dropped where it lists the drops', () => {
    const text = summaryOf([
      outcome(ssh, { ...ESTABLISHED_REPLY, verdict: VERDICT_DROP, rule: null, reason: REASON_HELPER_DROP }),
    ])
    expect(flat(text)).toContain(
      'the tracker itself: 1 packet, 60 bytes, 1 conversation 1 packet: dropped by a connection',
    )
    expect(text).not.toContain('Ignored by the tracker')
  })

  it('explains drops by a rule that only accepts', () => {
    const rule = { ...DROPPED.rule, target: 'ACCEPT', text: '-A FORWARD -p tcp --dport 23 -j ACCEPT' }
    const drops = (by: RuleInfo): string => flat(summaryOf([outcome(ssh, { ...INVALID, ...DROPPED, rule: by })]))
    expect(drops(rule)).toContain('--dport 23 -j ACCEPT Linux drops a packet at once if a rule asks for what')
    expect(drops(DROPPED.rule)).not.toContain('at once')
  })

  it('has no table of verdicts where no frame was read, and counts frames that met no hook', () => {
    expect(summaryOf([])).not.toContain('Verdicts')
    const unseen = outcome(null, { note: NOTE_FRAGMENT_QUEUED, verdict: 0 })
    expect(flat(summaryOf([unseen, unseen]))).toContain('packets bytes no verdict 2 120 bytes')
  })

  it('does not say "first packet" of a connection that was let in before', () => {
    const text = summaryOf([
      outcome(ssh, { ...NEW, verdict: 1, connectionNumber: 1, confirmedNew: true }),
      outcome(sshReply, { ...ESTABLISHED_REPLY, ...DROPPED, connectionNumber: 1 }),
      outcome(ssh, { ...NEW, verdict: 1, connectionNumber: 1 }),
    ])
    expect(flat(text)).toContain(
      '10.0.0.1:4000 > 10.0.0.2:22 tcp: 1 packet dropped (frame 2) by FORWARD rule 3; since then 1 passed',
    )
  })

  it('nor of one that was opened before, and whose later packet would open it', () => {
    const text = summaryOf([
      outcome(ssh, { ...NEW, verdict: 1, connectionNumber: 1, confirmedNew: true }),
      outcome(ssh, { ...NEW, ...DROPPED, connectionNumber: 1 }),
    ])
    expect(flat(text)).toContain('tcp: 1 packet dropped (frame 2) by FORWARD rule 3')
  })

  it('tells undecided packets from those that passed, and frames that had no verdict from both', () => {
    const text = summaryOf([
      outcome(ssh, { ...NEW, ...DROPPED, connectionNumber: 1 }),
      outcome(sshReply, { ...NEW, verdict: 4, possibleVerdicts: 6 }),
      outcome(ssh, { note: NOTE_FRAGMENT_QUEUED, verdict: 0 }),
    ])
    expect(flat(text)).toContain(
      'lost the first packet of a connection (frame 1) by FORWARD rule 3; since then 1 undecided ',
    )
  })

  it('keeps IPv6 addresses and ports apart, and names pings by their identifier', () => {
    const v6 = { src: '2001:db8::1', dst: '2001:db8::2', sport: 1, dport: 2 }
    const ping = { src: '10.0.0.1', dst: '10.0.0.2', icmp: [8, 0, 77] as const }
    const pong = { src: '10.0.0.2', dst: '10.0.0.1', icmp: [0, 0, 77] as const }
    const text = summaryOf([
      outcome(v6, { ...NEW, ...DROPPED, connectionNumber: 1 }),
      outcome(ping, { ...NEW, ...DROPPED, connectionNumber: 2 }),
      outcome(pong, { ...INVALID, ...DROPPED }),
    ])
    expect(text).toContain('[2001:db8::1]:1 > [2001:db8::2]:2 tcp:')
    expect(flat(text)).toContain(
      '10.0.0.1 > 10.0.0.2 icmp id 77: blocked at the first packet of a connection (frame 2) by FORWARD rule 3; since then 1 more',
    )
  })

  it('keeps protocol 255 apart from packets without a transport header', () => {
    const ends = { src: '10.0.0.1', dst: '10.0.0.2' }
    const reserved = outcome({ ...ends, protocol: 255 }, { ...NEW, ...DROPPED, connectionNumber: 1 })
    const none = outcome({ ...ends, protocol: -1 }, { ...INVALID, ...DROPPED })
    const text = flat(summaryOf([reserved, none, none]))
    expect(text).toContain('10.0.0.1 > 10.0.0.2 no transport header: 2 packets dropped from frame 2 on')
    expect(text).toContain(
      '10.0.0.1 > 10.0.0.2 proto-255: blocked at the first packet of a connection (frame 1) by FORWARD rule 3 ',
    )
  })

  it('ignores what is left of other packets after an IPv4 address', () => {
    const first = outcome(ssh, { ...NEW, ...DROPPED, connectionNumber: 1 })
    const second = outcome(ssh, { ...NEW, ...DROPPED, connectionNumber: 2 })
    second.fields.fill(99, 13, 16)
    expect(counted([first, second]).blocked?.count).toBe(1)
  })

  it('groups INVALID and ignored packets by reason, with the first of each', () => {
    const flags = { ...INVALID, reason: REASON_TCP_FLAGS, reasonA: 3 }
    const window = { ...ESTABLISHED_REPLY, reason: REASON_TCP_SEQ_OVER, reasonA: 4000, reasonB: 1102, reasonFrame: 1 }
    const text = flat(summaryOf([outcome(ssh, flags), outcome(ssh, flags), outcome(ssh, { ...window, ...INVALID })]))
    expect(text).toContain('INVALID 2 packets: impossible TCP flags first frame 1: impossible TCP flags: FIN+SYN')
    expect(text).toContain(
      '1 packet: SEQ over upper bound frame 3: SEQ over upper bound: 4000 >= 1102; bound set by frame 1',
    )
  })

  it('says what could not be decided, and what would settle it', () => {
    const missing = 'the capture does not tell which program sent a packet; settle it with --assume owner'
    const unknown = { ...NEW, verdict: 4, possibleVerdicts: 6, unknownText: missing, rule: rule({ id: 9, number: 9 }) }
    const text = flat(
      summaryOf([outcome(ssh, unknown), outcome(ssh, unknown), outcome(ssh, { ...NEW, assumesFrame: 1 })]),
    )
    expect(text).toContain('FORWARD rule 9: 2 packets, first frame 1: ACCEPT or DROP')
    expect(text).toContain('settle it with --assume owner')
    expect(text).toContain('The label of 1 other packet rests on an undecided packet')
  })

  it('names notes and link types', () => {
    const frames = [{ note: 1 }, { note: 2, linkType: 147 }, { note: 1, linkType: LINK_TYPE_NONE }]
    const text = flat(summaryOf(frames.map((frame) => outcome(null, frame))))
    expect(text).toContain('Ethernet (1), link type 147 (1), records without a packet (1)')
    expect(text).toContain('1 frame: link-type: a link layer that is not understood')
  })

  it('names the first of many captures, and all of them when asked', () => {
    const files = Array.from({ length: 25 }, (_, n) => ({ path: `${n}.pcap`, format: 'pcap, microseconds', frames: 1 }))
    const text = summaryOf([], { files })
    expect(text).toContain('  9.pcap: pcap, microseconds, 1 frame\n  … and 15 more captures\n')
    expect(summaryOf([], { files }, true)).toContain('24.pcap: pcap, microseconds, 1 frame\n')
  })

  it('gives damage with its place in the file', () => {
    const problem = {
      file: 'a\u001bb.pcap',
      byteOffset: 123456,
      afterFrame: 9,
      message: 'a record of 2 GB',
      fatal: true,
    }
    const text = flat(summaryOf([], { problems: [problem] }))
    expect(text).toContain('a\\x1bb.pcap, byte 123,456, after frame 9: a record of 2 GB; reading ended here')
  })

  it('has no sections without content', () => {
    expect(
      summaryOf([], { ruleset4: null })
        .split('\n')
        .filter((line) => /^\S/.test(line)),
    ).toEqual(['Capture'])
  })

  it('says at wrong checksums which option leaves them out', () => {
    const wrong = { ...INVALID, reason: REASON_CHECKSUM, reasonA: 1 }
    expect(flat(summaryOf([outcome(ssh, wrong), outcome(ssh, wrong)]))).toContain(
      '2 packets: bad transport checksum first frame 1: bad icmp checksum (--checksum ignore leaves checksums out)',
    )
    expect(summaryOf([outcome(ssh, { ...INVALID, reason: REASON_TCP_FLAGS })])).not.toContain('--checksum')
  })

  it('keeps to 80 columns with long rules, and never cuts their place', () => {
    const long = rule({
      text: `-A FORWARD -m comment --comment "${'x'.repeat(200)}" -j DROP`,
    })
    const text = summaryOf([outcome(ssh, { ...NEW, ...DROPPED, rule: long, connectionNumber: 1 })])
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(text).toMatch(/line 12: -A FORWARD .*…/)
  })

  describe('of the rules', () => {
    const nat = { kind: 'masquerade' } as unknown as RuleInfo['nat']
    const rules = [
      rule({ id: 0, text: '-A FORWARD -i lan+ -j ACCEPT', line: 3 }),
      rule({ id: 1, text: '-A FORWARD -s 10.9.9.9/32 -j DROP', line: 4 }),
      rule({ id: 2, text: ':FORWARD ACCEPT', line: 2 }),
      rule({ id: 3, text: '-A POSTROUTING -o wan -j MASQUERADE', line: 9, table: 'nat', chain: 'POSTROUTING', nat }),
    ]
    const ruleset4 = { ...NO_RULES, rules, packets: (id: number) => (id === 3 ? 7 : id === 0 ? 2 : 0) }

    it('names the connections that were translated', () => {
      const text = flat(summaryOf([outcome(ssh, NEW)], { ruleset4 }))
      expect(text).toContain('nat POSTROUTING rule 3: 7 connections line 9: -A POSTROUTING -o wan -j MASQUERADE')
    })

    it('counts rules without a packet; lists them when asked', () => {
      expect(flat(summaryOf([outcome(ssh, NEW)], { ruleset4 }))).toContain(
        '1 of 3 rules of rules.v4 (--verbose lists them)',
      )
      expect(summaryOf([outcome(ssh, NEW)], { ruleset4 }, true)).toContain(
        '    line 4: -A FORWARD -s 10.9.9.9/32 -j DROP',
      )
    })

    it('names the interfaces that nobody said anything about', () => {
      const unknown = { ...NEW, verdict: 4, possibleVerdicts: 6, rule: rules[0], unknownText: 'name it with --iface' }
      const said = (...interfacesNotGiven: string[]): string =>
        flat(summaryOf([outcome(ssh, unknown)], { ruleset4, interfacesNotGiven }))
      expect(said('lan+', 'wan')).toContain(
        'The rules name the interfaces lan+, wan: say which networks are behind each, like --iface lan0=10.0.0.0/8 --iface wan=0.0.0.0/0.',
      )
      const one = 'say which networks are behind'
      expect(said('lan+')).toContain(`The rules name the interface lan+: ${one} it, like --iface lan0=0.0.0.0/0.`)
      expect(said('eth0', 'eth+')).toContain(`${one} each, like --iface eth0=0.0.0.0/0.`)
      expect(said('e\u001b[31mth0')).not.toContain('\u001b')
    })

    it('says of compressed captures where damage lies in the unpacked data', () => {
      const problem = { file: 'a.pcap', byteOffset: 6843, afterFrame: 3, message: 'cut', fatal: true }
      const files = [{ path: 'a.pcap', format: 'pcap, microseconds, gzip', frames: 3 }]
      expect(flat(summaryOf([], { problems: [problem] }))).toContain('a.pcap, byte 6,843, after frame 3: cut')
      expect(flat(summaryOf([], { problems: [problem], files }))).toContain('byte 6,843 of the unpacked data, after')
    })

    it('says which machine it is about', () => {
      expect(summaryOf([outcome(ssh, NEW)])).toContain('Verdicts of the router\n')
      const local = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
      expect(summaryOf([outcome(ssh, NEW)], { mode: 'host', local })).toContain(
        'Verdicts of the host 10.0.0.1 and 10.0.0.2 …\n',
      )
    })

    it('says of which family a rule is', () => {
      const v6 = { ...DROPPED, rule: rule({ family: 'ipv6' }) }
      expect(summaryOf([outcome(ssh, { ...NEW, ...v6, connectionNumber: 1 })])).toContain(
        '  IPv6 FORWARD rule 3: 1 packet',
      )
    })
  })

  it('bounds what it remembers, and says so', () => {
    const traffic = new TrafficCounters()
    const one = outcome(ssh, { ...NEW, ...DROPPED })
    for (let i = 0; i < CONVERSATIONS_MAX + 5; i++) {
      one.fields.set(addressWords('10.0.0.0'), 12)
      one.fields[12] += i
      one.connectionNumber = i + 1
      traffic.packet(one)
    }
    expect(traffic.blocked?.count).toBe(CONVERSATIONS_MAX)
    expect(traffic.blocked?.overflowPackets).toBe(5)
  })
})
