import { describe, expect, test } from 'vitest'
import { parseRuleset } from '../../src/ruleset/index.ts'
import { HOOK_OUTPUT, HOOK_PREROUTING } from '../../src/ruleset/packet/hooks.ts'
import { INTERFACE_UNKNOWN, STATE_INVALID, VERDICT_ACCEPT, VERDICT_DROP } from '../../src/ruleset/packet/rule-packet.ts'
import { TRACKING_NONE, trackingHelper, trackingZone } from '../../src/ruleset/packet/tracking.ts'
import { ruleInfos } from '../../src/ruleset/rule-infos.ts'
import { icmp, tcp, udp } from '../support/packets.ts'
import { compile, decide, filter, matches, packetOf } from './support.ts'

const SYN = tcp('192.0.2.1:1000>198.51.100.2:80', 'S')
const UDP = udp('192.0.2.1:1000>198.51.100.2:53')
const PING = icmp('192.0.2.1>198.51.100.2', 8)
/** In the raw table, before the tracker. */
const UNSEEN = { hook: HOOK_PREROUTING, state: STATE_INVALID, direction: -1, connection: -1 }

describe('the way through the chains', () => {
  test('the first rule with a verdict decides; records are those of the kernel', () => {
    expect(decide(compile(filter('-A FORWARD -p udp -j DROP', '-A FORWARD -p tcp -j ACCEPT')), packetOf(SYN))).toBe(
      'ACCEPT filter:FORWARD:rule:2',
    )
    expect(decide(compile(filter('-A FORWARD -p udp -j ACCEPT')), packetOf(SYN))).toBe('DROP filter:FORWARD:policy:2')
    expect(decide(compile(filter('-A FORWARD -j ACCEPT')), packetOf(SYN))).toBe('ACCEPT filter:FORWARD:policy:1')
    expect(decide(compile(filter(':U - [0:0]', '-A FORWARD -j U', '-A U -j ACCEPT')), packetOf(SYN))).toBe(
      'ACCEPT filter:U:return:1',
    )
    expect(decide(compile(filter('-A FORWARD -m comment --comment x -j ACCEPT')), packetOf(SYN))).toBe(
      'ACCEPT filter:FORWARD:rule:1',
    )
  })

  test('a rule that asks nothing stands for the end of its chain, but not if an option says so (asked of Linux 6.18)', () => {
    const recordOf = (options: string, family: 'ipv4' | 'ipv6'): string | undefined =>
      ruleInfos(parseRuleset(filter(`-A FORWARD ${options} -j DROP`), 'rules', family)).infos.find(
        ({ chain, number }) => chain === 'FORWARD' && number === 1,
      )?.record
    const records = ['', '-p all', '-i +', '-o +'].map((options) =>
      [recordOf(options, 'ipv4'), recordOf(options, 'ipv6')].map((record) => record?.split(':')[2]),
    )
    expect(records).toEqual([
      ['policy', 'policy'],
      ['policy', 'rule'],
      ['rule', 'rule'],
      ['rule', 'rule'],
    ])
  })

  test('RETURN goes back to the caller, in a base chain to the policy', () => {
    const rules = compile(
      filter(
        ':U - [0:0]',
        '-A FORWARD -j U',
        '-A FORWARD -p tcp -j RETURN',
        '-A FORWARD -j ACCEPT',
        '-A U -j RETURN',
        '-A U -j ACCEPT',
      ),
    )
    expect(decide(rules, packetOf(SYN))).toBe('DROP filter:FORWARD:policy:4')
  })

  test('goto returns to the caller of its caller', () => {
    const rules = compile(
      filter(
        ':A - [0:0]',
        ':B - [0:0]',
        '-A FORWARD -j A',
        '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset',
        '-A A -g B',
        '-A A -j ACCEPT',
        '-A B -p udp -j ACCEPT',
      ),
    )
    expect(decide(rules, packetOf(SYN))).toBe('REJECT filter:FORWARD:rule:2')
    expect(rules.rules.find(({ record }) => record === 'filter:FORWARD:rule:2')?.rejectsWithReset).toBe(true)
  })

  test('goto out of a base chain ends at the policy', () => {
    const rules = compile(filter(':A - [0:0]', '-A FORWARD -g A', '-A FORWARD -j ACCEPT', '-A A -p udp -j ACCEPT'))
    expect(decide(rules, packetOf(SYN))).toBe('DROP filter:FORWARD:policy:3')
  })

  test('counters count packets and the bytes of the datagram, also of jumps and policies', () => {
    const rules = compile(filter(':A - [0:0]', '-A FORWARD -p tcp -j A', '-A A -j LOG', '-A A -p udp -j LOG'))
    decide(rules, packetOf(SYN))
    decide(rules, packetOf(UDP))
    const counted = rules.rules.filter(({ chain }) => chain === 'FORWARD' || chain === 'A')
    expect(counted.map(({ id, record }) => `${record} ${rules.packets(id)} ${rules.bytes(id)}`)).toEqual([
      'filter:FORWARD:rule:1 1 40',
      `filter:FORWARD:policy:2 2 ${SYN.length + UDP.length}`,
      'filter:A:rule:1 1 40',
      'filter:A:rule:2 0 0',
    ])
  })

  test('thousands of rules, and chains nested a thousand deep', () => {
    const many = Array.from({ length: 3000 }, (_, index) => `-A FORWARD -p tcp --dport ${index + 1000} -j DROP`)
    expect(decide(compile(filter(...many, '-A FORWARD -p tcp --dport 80 -j ACCEPT')), packetOf(SYN))).toBe(
      'ACCEPT filter:FORWARD:rule:3001',
    )
    const declared = Array.from({ length: 1000 }, (_, index) => `:C${index} - [0:0]`)
    const jumps = Array.from({ length: 999 }, (_, index) => `-A C${index} -j C${index + 1}`)
    expect(
      decide(compile(filter(...declared, '-A FORWARD -j C0', ...jumps, '-A C999 -p tcp -j ACCEPT')), packetOf(SYN)),
    ).toBe('ACCEPT filter:C999:rule:1')
  })
})

test('no text of a ruleset reaches the generated code', () => {
  const evil = '`);throw(1)//'
  const rules = compile(
    filter(
      `:${evil} - [0:0]`,
      `-A FORWARD -i ${evil} -j DROP`,
      `-A FORWARD -m comment --comment "*/\\n${evil}\${1}" -j ${evil}`,
      `-A ${evil} -j LOG --log-prefix "${evil}"`,
      `-A ${evil} -p tcp -j ACCEPT`,
    ),
  )
  expect(decide(rules, packetOf(SYN))).toBe(`ACCEPT filter:${evil}:rule:2`)
})

describe('marks', () => {
  test('a MARK is seen by the rules after it', () => {
    const rules = compile(
      filter(
        '-A FORWARD -j MARK --set-mark 0xffffffff',
        '-A FORWARD -j MARK --xor-mark 0xf',
        '-A FORWARD -m mark --mark 0xfffffff0 -j ACCEPT',
      ),
    )
    const packet = packetOf(SYN)
    expect(decide(rules, packet)).toBe('ACCEPT filter:FORWARD:rule:3')
    expect(packet.mark >>> 0).toBe(0xfffffff0)
  })

  test('marks go to the connection and come back', () => {
    const rules = compile(
      filter(
        '-A FORWARD -m state --state NEW -j MARK --set-mark 0x123',
        '-A FORWARD -m state --state NEW -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xffff',
        '-A FORWARD -m state --state ESTABLISHED -j CONNMARK --restore-mark',
        '-A FORWARD -j CONNMARK --or-mark 0x1000',
        '-A FORWARD -m mark --mark 0x1023 -j ACCEPT',
      ),
    )
    const first = packetOf(SYN, { connection: 7, direction: 0 })
    expect(decide(rules, first)).toBe('DROP filter:FORWARD:policy:6')
    const second = packetOf(SYN, { connection: 7, direction: 1, state: 2, connections: first.connections })
    expect(decide(rules, second)).toBe('ACCEPT filter:FORWARD:rule:5')
    expect(decide(rules, packetOf(SYN, { state: 1 }))).toBe('DROP filter:FORWARD:policy:6')
  })

  test('NOTRACK and CT in raw', () => {
    const rules = compile('*raw\n-A PREROUTING -p udp -j NOTRACK\n-A PREROUTING -p tcp -j CT --helper ftp\nCOMMIT\n')
    const untracked = packetOf(UDP, UNSEEN)
    decide(rules, untracked)
    const helped = packetOf(SYN, UNSEEN)
    decide(rules, helped)
    expect(untracked.tracking & TRACKING_NONE).not.toBe(0)
    expect(helped.tracking & TRACKING_NONE).toBe(0)
    expect([trackingHelper(untracked.tracking), trackingHelper(helped.tracking)]).toEqual([-1, 1])
  })

  test('the first CT or NOTRACK rule counts', () => {
    const rules = compile(
      '*raw\n-A PREROUTING -p tcp -j CT --zone-orig 7\n-A PREROUTING -j CT --zone 9\n-A PREROUTING -j NOTRACK\nCOMMIT\n',
    )
    const packet = packetOf(SYN, UNSEEN)
    decide(rules, packet)
    expect(packet.tracking & TRACKING_NONE).toBe(0)
    expect([trackingZone(packet.tracking, 0, 0), trackingZone(packet.tracking, 1, 0)]).toEqual([7, 0])
  })

  test('a zone taken from the mark', () => {
    const rules = compile('*raw\n-A PREROUTING -j CT --zone mark\nCOMMIT\n')
    const packet = packetOf(SYN, UNSEEN)
    decide(rules, packet)
    expect([trackingZone(packet.tracking, 0, 0x10005), trackingZone(packet.tracking, 1, 0x10005)]).toEqual([5, 5])
  })

  test('rules after NOTRACK see UNTRACKED, after CT a NEW connection without anything', () => {
    const before = '-A PREROUTING -p udp -j NOTRACK\n-A PREROUTING -p tcp -j CT --zone 1\n'
    const verdicts = (question: string, early = before): string[] => {
      const rules = compile(`*raw\n${early}-A PREROUTING -m conntrack ${question} -j DROP\nCOMMIT\n`)
      return [UDP, SYN, PING].map((bytes) => decide(rules, packetOf(bytes, UNSEEN)).split(' ')[0])
    }
    expect(verdicts('--ctstate UNTRACKED')).toEqual(['DROP', 'ACCEPT', 'ACCEPT'])
    expect(verdicts('--ctstate NEW')).toEqual(['ACCEPT', 'DROP', 'ACCEPT'])
    expect(verdicts('--ctstate INVALID')).toEqual(['ACCEPT', 'ACCEPT', 'DROP'])
    expect(verdicts('--ctdir ORIGINAL')).toEqual(['ACCEPT', 'DROP', 'ACCEPT'])
    expect(verdicts('--ctproto 0 --ctstatus CONFIRMED --ctexpire 0')).toEqual(['ACCEPT', 'DROP', 'ACCEPT'])
    expect(verdicts('--ctstate NEW', before.replace('-p tcp', '-p tcp -m mac --mac-source 00:00:00:00:00:01'))).toEqual(
      ['ACCEPT', 'UNKNOWN', 'ACCEPT'],
    )
  })
})

describe('limit', () => {
  test('a burst, then one packet whenever its credit has come together', () => {
    const rules = compile(filter('-A FORWARD -m limit --limit 10/second --limit-burst 3 -j ACCEPT'))
    const at = (milliseconds: number): string =>
      decide(rules, packetOf(SYN, { nowNs: milliseconds * 1e6 })).split(' ')[0]
    expect([0, 0, 0, 0, 99, 100, 101, 350, 350, 350].map(at)).toEqual(
      'ACCEPT ACCEPT ACCEPT DROP DROP ACCEPT DROP ACCEPT ACCEPT DROP'.split(' '),
    )
  })

  test('it takes nothing when an earlier match of its rule does not hold', () => {
    const rules = compile(filter('-A FORWARD -p tcp -m limit --limit 1/hour --limit-burst 1 -j ACCEPT'))
    expect([UDP, UDP, SYN, SYN].map((bytes) => decide(rules, packetOf(bytes)).split(' ')[0])).toEqual(
      'DROP DROP ACCEPT DROP'.split(' '),
    )
  })

  test('after a use that may not have been one, it is unknown once the credit is short', () => {
    const rules = compile(filter('-A FORWARD -i eth0 -m limit --limit 1/hour --limit-burst 2 -j ACCEPT'))
    const verdict = (inInterface: number): string => decide(rules, packetOf(SYN, { inInterface })).split(' ')[0]
    expect([INTERFACE_UNKNOWN, 1, 1, 1].map(verdict)).toEqual('UNKNOWN ACCEPT UNKNOWN DROP'.split(' '))
  })
})

describe('what a capture cannot show', () => {
  const unknownIn = () => packetOf(SYN, { inInterface: INTERFACE_UNKNOWN })

  test('a verdict that depends on it is unknown, with its rule, the possibilities and the reason', () => {
    const rules = compile(filter('-A FORWARD -p tcp', '-A FORWARD -i eth0 -j ACCEPT'))
    const packet = unknownIn()
    expect(decide(rules, packet)).toBe('UNKNOWN filter:FORWARD:rule:2')
    expect(packet.possibleVerdicts).toBe((1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP))
    expect(rules.unknownReason(packet.unknownReason)).toContain('incoming interface')
  })

  test('the rule named is the first of consequence', () => {
    const rules = compile(filter('-A FORWARD -i eth0 -j LOG', '-A FORWARD -i eth0', '-A FORWARD -i eth0 -j ACCEPT'))
    expect(decide(rules, unknownIn())).toBe('UNKNOWN filter:FORWARD:rule:3')
  })

  test('a verdict that is the same either way is certain', () => {
    const rules = compile(
      filter(
        ':A - [0:0]',
        '-A FORWARD -i eth0 -j A',
        '-A FORWARD -i eth0 -j LOG',
        '-A FORWARD -p tcp -j ACCEPT',
        '-A A -p udp -j DROP',
      ),
    )
    expect(decide(rules, unknownIn())).toBe('ACCEPT filter:FORWARD:rule:3')
  })

  test('the rule named for a certain verdict is that of the way with the fewest guesses', () => {
    const rules = compile(filter('-A FORWARD -i eth0 -j ACCEPT', '-A FORWARD -p tcp -j ACCEPT'))
    expect(decide(rules, unknownIn())).toBe('ACCEPT filter:FORWARD:rule:2')
  })

  test('many unknown jumps and verdicts do not multiply', () => {
    const lines: string[] = []
    for (let index = 0; index < 200; index++)
      lines.push(`-A FORWARD -i if${index} -j A`, `-A FORWARD -i if${index} -j ACCEPT`)
    const rules = compile(filter(':A - [0:0]', ...lines, '-A FORWARD -j ACCEPT', '-A A -p udp -j DROP'))
    expect(decide(rules, unknownIn())).toBe('ACCEPT filter:FORWARD:policy:401')
  })

  test('more ways than can be followed end as unknown', () => {
    const lines = Array.from({ length: 12 }, (_, bit) => `-A FORWARD -i eth0 -j MARK --or-mark ${1 << bit}`)
    const rules = compile(filter(...lines, '-A FORWARD -m mark --mark 0 -j ACCEPT', '-A FORWARD -j ACCEPT'))
    const packet = unknownIn()
    expect(decide(rules, packet)).toBe('UNKNOWN filter:FORWARD:rule:1')
    expect(rules.unknownReason(packet.unknownReason)).toContain('--assume')
  })

  test('a mark that may have been set is unknown to the next table, bit by bit', () => {
    const rules = compile(
      `*mangle\n-A FORWARD -i eth0 -j MARK --or-mark 0x1\nCOMMIT\n${filter('-A FORWARD -m mark --mark 0/0x2 -j LOG', '-A FORWARD -m mark --mark 0x1/0x1 -j ACCEPT')}`,
    )
    const packet = unknownIn()
    const verdicts = rules.tablesAt(packet.hook).map((table) => table.run(packet))
    expect(verdicts).toEqual([VERDICT_ACCEPT, 4])
    expect(packet.unknownMark).toBe(1)
    expect(rules.rules.filter(({ id }) => rules.packets(id) > 0).map(({ record }) => record)).toEqual([
      'filter:FORWARD:rule:1',
    ])
  })

  test('an unknown interface is not the loopback device, whose packets are known', () => {
    const rules = compile(filter('-A FORWARD -i lo -j ACCEPT', '-A FORWARD ! -i lo -j REJECT'))
    expect(decide(rules, unknownIn())).toBe('REJECT filter:FORWARD:rule:2')
    const prefix = compile(filter('-A FORWARD -i l+ -j ACCEPT'))
    expect(decide(prefix, unknownIn())).toBe('UNKNOWN filter:FORWARD:rule:1')
  })

  test('assumptions settle it', () => {
    const text = '*filter\n:OUTPUT DROP\n-A OUTPUT -m owner --uid-owner 0 -j ACCEPT\nCOMMIT\n'
    const packet = () => packetOf(SYN, { hook: HOOK_OUTPUT })
    expect(decide(compile(text), packet())).toBe('UNKNOWN filter:OUTPUT:rule:1')
    expect(decide(compile(text, 'ipv4', { owner: true }), packet())).toBe('ACCEPT filter:OUTPUT:rule:1')
    expect(decide(compile(text, 'ipv4', { owner: false }), packet())).toBe('DROP filter:OUTPUT:policy:2')
    const byInterface = compile(filter('-A FORWARD ! -i eth0 -j ACCEPT'), 'ipv4', { 'in-interface': true })
    expect(decide(byInterface, unknownIn())).toBe('ACCEPT filter:FORWARD:rule:1')
  })

  test('matches that no capture decides are told once', () => {
    const text = filter('-A FORWARD -m physdev --physdev-is-bridged', '-A FORWARD -m physdev --physdev-in eth0')
    expect(compile(text).warnings).toEqual([expect.stringContaining('line 3 and 1 more: -m physdev stays undecided')])
    expect(compile(text, 'ipv4', { physdev: false }).warnings).toEqual([])
  })

  test('addresses of unknown type', () => {
    const packet = packetOf(tcp('192.0.2.1:1000>203.0.113.7:80', 'S'))
    expect(matches('-m addrtype --dst-type LOCAL', packet)).toBe('unknown')
  })
})
