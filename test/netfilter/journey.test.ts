import { describe, expect, test } from 'vitest'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_NAMES } from '../../src/ruleset/packet/hooks.ts'
import { VERDICT_ACCEPT } from '../../src/ruleset/packet/rule-packet.ts'
import type { CompiledRuleset, HookTable, TableName } from '../../src/ruleset/ruleset.ts'
import { c, s } from '../conntrack/ends.ts'
import { NO_RULES } from '../support/no-rules.ts'
import { icmp, sctp, tcp, udp } from '../support/packets.ts'
import { Replaying, table } from './replaying.ts'

const HOOK_TABLES: Readonly<Record<string, readonly TableName[]>> = {
  PREROUTING: ['raw', 'mangle'],
  INPUT: ['mangle', 'filter', 'security'],
  FORWARD: ['mangle', 'filter', 'security'],
  OUTPUT: ['raw', 'mangle', 'filter', 'security'],
  POSTROUTING: ['mangle'],
}

/** A ruleset that accepts everything and writes down which table was asked at which hook. */
function onlooker(asked: string[]): CompiledRuleset {
  const table = (hook: number, name: TableName): HookTable => ({
    table: name,
    run: () => {
      asked.push(`${HOOK_NAMES[hook]} ${name}`)
      return VERDICT_ACCEPT
    },
  })
  return {
    ...NO_RULES,
    tablesAt: (hook) => HOOK_TABLES[HOOK_NAMES[hook]].map((name) => table(hook, name)),
    natAt: (hook) => (hook === HOOK_FORWARD ? null : table(hook, 'nat')),
  }
}

describe('the order of tables', () => {
  const asked: string[] = []
  const router = () => {
    asked.length = 0
    return new Replaying({ local: ['10.0.0.254'], ruleset4: onlooker(asked) })
  }
  const early = (hook: string) => [`${hook} raw`, `${hook} mangle`, `${hook} nat`]
  const FORWARD = ['FORWARD mangle', 'FORWARD filter', 'FORWARD security']
  const INPUT = ['INPUT mangle', 'INPUT filter', 'INPUT security', 'INPUT nat']
  const OUTPUT = [...early('OUTPUT'), 'OUTPUT filter', 'OUTPUT security']
  const POSTROUTING = ['POSTROUTING mangle', 'POSTROUTING nat']

  test.each([
    ['through the router', '10.0.0.1:1000>10.9.9.9:53', [...early('PREROUTING'), ...FORWARD, ...POSTROUTING]],
    ['to the router', '10.0.0.1:1000>10.0.0.254:53', [...early('PREROUTING'), ...INPUT]],
    ['from the router', '10.0.0.254:1000>10.9.9.9:53', [...OUTPUT, ...POSTROUTING]],
    [
      'from the router to itself',
      '10.0.0.254:1000>10.0.0.254:53',
      // nat was asked on the way out, for both parts.
      [...OUTPUT, ...POSTROUTING, 'PREROUTING raw', 'PREROUTING mangle', ...INPUT.slice(0, 3)],
    ],
  ])('%s', (_, path, order) => {
    router().say(udp(path))
    expect(asked).toEqual(order)
  })

  test('nat is asked for the first packet only', () => {
    const one = router()
    one.say(udp('10.0.0.1:1000>10.9.9.9:53'))
    asked.length = 0
    one.sayAll([udp('10.0.0.1:1000>10.9.9.9:53'), udp('10.9.9.9:53>10.0.0.1:1000')])
    expect(asked.filter((place) => place.endsWith('nat'))).toEqual([])
  })

  test('nat is not asked for what is INVALID', () => {
    router().say(c('SF', 100))
    expect(asked.filter((place) => place.endsWith('nat'))).toEqual([])
    expect(asked).toContain('FORWARD filter')
  })

  test('a packet that routing refuses meets PREROUTING and no more', () => {
    router().say(udp('10.0.0.1:1000>10.9.9.9:53', { ttl: 1 }))
    expect(asked).toEqual(early('PREROUTING'))
  })

  test('a frame that is no packet meets nothing', () => {
    router().say(udp('10.0.0.1:1000>10.9.9.9:53', { headerChecksum: 1 }))
    expect(asked).toEqual([])
  })

  test('each table decides for itself: ACCEPT ends one table, not the hook', () => {
    const rules = table('mangle', '-A FORWARD -j ACCEPT') + table('filter', '-A FORWARD -p udp -j DROP')
    expect(new Replaying({ rules }).say(udp('10.0.0.1:1>10.9.9.9:53'))).toBe('NEW FORWARD DROP filter:FORWARD:rule:1')
  })

  test('the record of an accepted packet is that of filter, not of security after it', () => {
    const rules = table('filter', '-A FORWARD -p udp -j ACCEPT') + table('security', '-A FORWARD -p udp -j ACCEPT')
    expect(new Replaying({ rules }).say(udp('10.0.0.1:1>10.9.9.9:53'))).toBe('NEW FORWARD ACCEPT filter:FORWARD:rule:1')
  })

  test('without a filter table an accepted packet has no record', () => {
    const rules = table('mangle', '-A FORWARD -p udp -j ACCEPT')
    expect(new Replaying({ rules }).say(udp('10.0.0.1:1>10.9.9.9:53'))).toBe('NEW FORWARD ACCEPT')
  })

  test('a packet to the machine itself passes both sides, and the record is the last', () => {
    const rules = table('filter', '-A OUTPUT -p udp -j ACCEPT', '-A INPUT -i lo -p udp -j ACCEPT')
    const host = new Replaying({ mode: 'host', local: ['10.0.0.5'], rules })
    expect(host.say(udp('10.0.0.5:1>10.0.0.5:53'))).toBe('NEW INPUT ACCEPT filter:INPUT:rule:1')
  })

  // oracle: fuzzing of firewalls with connbytes
  test('what only repeats the opening of a connection is not counted', () => {
    const counts = '-A FORWARD -m connbytes --connbytes 2 --connbytes-dir original --connbytes-mode packets -j DROP'
    const init = sctp('10.0.0.1:1000>10.9.9.9:80', [
      Uint8Array.of(1, 0, 0, 20, 0, 0, 0, 5, 0, 0, 3, 232, 0, 1, 0, 1, 0, 0, 0, 1),
    ])
    const twice = (packet: Uint8Array) => {
      const one = new Replaying({ rules: table('filter', counts) })
      return [one.say(packet), one.say(packet)].map((said) => said.split(' ')[2]).join(' ')
    }
    expect(twice(tcp('10.0.0.1:1000>10.9.9.9:80', 'S'))).toBe('ACCEPT ACCEPT')
    expect(twice(init)).toBe('ACCEPT ACCEPT')
    const crossing = new Replaying({ rules: table('filter', counts.replace('original', 'both')) })
    const syns = [tcp('10.0.0.1:1000>10.9.9.9:80', 'S', { seq: 1 }), tcp('10.9.9.9:80>10.0.0.1:1000', 'S', { seq: 5 })]
    expect(syns.map((packet) => crossing.say(packet))).toEqual([
      'NEW FORWARD ACCEPT filter:FORWARD:policy:2',
      'ESTABLISHED/reply FORWARD ACCEPT filter:FORWARD:policy:2',
    ])
    // The same once more finds the connection answered, and counts.
    expect(crossing.say(syns[1])).toBe('ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1')
    expect(twice(udp('10.0.0.1:1000>10.9.9.9:80'))).toBe('ACCEPT DROP')
    expect(twice(tcp('10.0.0.1:1000>10.9.9.9:80', 'A'))).toBe('ACCEPT DROP')
  })

  test('marks start anew with every packet', () => {
    const rules =
      table('mangle', '-A PREROUTING -s 10.0.0.1 -j MARK --set-mark 7') +
      table('filter', '-A FORWARD -m mark --mark 7 -j DROP')
    const router = new Replaying({ rules })
    expect(router.say(udp('10.0.0.1:1>10.9.9.9:53'))).toContain('DROP')
    expect(router.say(udp('10.0.0.2:1>10.9.9.9:53'))).toContain('ACCEPT')
  })

  test.each([
    ['eth0', 'POSTROUTING'],
    ['eth1', undefined],
  ])('POSTROUTING knows by which interface a forwarded packet came (asked of Linux 6.18): -i %s', (name, dropHook) => {
    const rules = table('mangle', ':U - [0:0]', '-A POSTROUTING -o eth1 -j U', `-A U -i ${name} -j DROP`)
    const router = new Replaying({ inInterface: 'eth0', outInterface: 'eth1', rules })
    router.say(udp('10.0.0.1:1>10.9.9.9:53'))
    expect(HOOK_NAMES[router.outcome.dropHook]).toBe(dropHook)
    expect(router.live).toBe(dropHook === undefined ? 1 : 0)
  })
})

describe('what a verdict does to the connection', () => {
  const only = (...rules: string[]) => table('filter', ...rules)

  test('a NEW packet that is dropped leaves nothing: its retransmission is NEW, and so is the answer', () => {
    const router = new Replaying({ rules: only('-A FORWARD -p udp --dport 53 -j DROP') })
    const question = udp('10.0.0.1:1000>10.9.9.9:53')
    expect(router.sayAll([question, question, udp('10.9.9.9:53>10.0.0.1:1000')])).toEqual([
      'NEW FORWARD DROP filter:FORWARD:rule:1',
      'NEW FORWARD DROP filter:FORWARD:rule:1',
      'NEW FORWARD ACCEPT filter:FORWARD:policy:2',
    ])
    expect(router.outcome.confirmedNew).toBe(true)
    expect(router.outcome.connectionNumber).toBe(3)
  })

  test('a dropped SYN-ACK after a dropped SYN is INVALID', () => {
    const router = new Replaying({ rules: only('-A FORWARD -p tcp --syn -j DROP') })
    router.say(c('S', 100))
    expect(router.say(s('SA', 500, 101))).toBe('INVALID FORWARD ACCEPT filter:FORWARD:policy:2')
    expect(router.reason).not.toBeNull()
  })

  test('a dropped reply still counts: the next question is ESTABLISHED', () => {
    const router = new Replaying({ rules: only('-A FORWARD -p udp --sport 53 -j DROP') })
    const question = udp('10.0.0.1:1000>10.9.9.9:53')
    expect(router.sayAll([question, question, udp('10.9.9.9:53>10.0.0.1:1000'), question])).toEqual([
      'NEW FORWARD ACCEPT filter:FORWARD:policy:2',
      'NEW FORWARD ACCEPT filter:FORWARD:policy:2',
      'ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1',
      'ESTABLISHED FORWARD ACCEPT filter:FORWARD:policy:2',
    ])
  })

  test('a dropped SYN-ACK moves the state on: the ACK after it is ESTABLISHED', () => {
    const router = new Replaying({ rules: only('-A FORWARD -p tcp --sport 80 -j DROP') })
    expect(router.sayAll([c('S', 100), s('SA', 500, 101), c('A', 101, 501)])).toEqual([
      'NEW FORWARD ACCEPT filter:FORWARD:policy:2',
      'ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1',
      'ESTABLISHED FORWARD ACCEPT filter:FORWARD:policy:2',
    ])
  })

  test('DROP in raw comes before the tracker: no label, no connection, no hook', () => {
    const router = new Replaying({ rules: table('raw', '-A PREROUTING -p udp -j DROP') })
    expect(router.say(udp('10.0.0.1:1>10.9.9.9:53'))).toBe('DROP raw:PREROUTING:rule:1')
    expect(router.outcome).toMatchObject({ hook: -1, direction: -1, connectionNumber: 0, dropHook: 0 })
    expect(router.machine.tracker.current.table.created).toBe(0)
  })

  test('DROP in raw does not touch the connection of the packet before', () => {
    const router = new Replaying({ rules: table('raw', '-A PREROUTING -p icmp -j DROP') })
    router.sayAll([udp('10.0.0.1:1>10.9.9.9:53'), icmp('10.0.0.1>10.9.9.9', 8)])
    expect(router.say(udp('10.9.9.9:53>10.0.0.1:1'))).toBe('ESTABLISHED/reply FORWARD ACCEPT')
  })

  test.each(['NOTRACK', 'CT --notrack'])('%s: UNTRACKED, and nothing is remembered', (target) => {
    const router = new Replaying({ rules: table('raw', `-A PREROUTING -p udp -j ${target}`) })
    expect(router.sayAll([udp('10.0.0.1:1>10.9.9.9:53'), udp('10.9.9.9:53>10.0.0.1:1')])).toEqual([
      'UNTRACKED FORWARD ACCEPT',
      'UNTRACKED FORWARD ACCEPT',
    ])
    expect(router.live).toBe(0)
    expect(router.outcome.direction).toBe(-1)
  })

  test('NOTRACK for one direction: the other opens a connection that nobody answers', () => {
    const router = new Replaying({ rules: table('raw', '-A PREROUTING -s 10.9.9.9 -j NOTRACK') })
    const question = udp('10.0.0.1:1>10.9.9.9:53')
    expect(router.sayAll([question, udp('10.9.9.9:53>10.0.0.1:1'), question])).toEqual([
      'NEW FORWARD ACCEPT',
      'UNTRACKED FORWARD ACCEPT',
      'NEW FORWARD ACCEPT',
    ])
  })

  test('a packet to the machine itself is confirmed although INPUT drops it', () => {
    const host = new Replaying({ mode: 'host', local: ['10.0.0.5'], rules: only('-A INPUT -p udp -j DROP') })
    expect(host.say(udp('10.0.0.5:1>10.0.0.5:53'))).toBe('NEW INPUT DROP filter:INPUT:rule:1')
    expect(host.outcome.dropHook).toBe(HOOK_INPUT)
    expect(host.outcome.confirmedNew).toBe(true)
    expect(host.say(udp('10.0.0.5:53>10.0.0.5:1'))).toBe('ESTABLISHED/reply INPUT DROP filter:INPUT:rule:1')
  })

  test('a packet to the machine itself that OUTPUT drops leaves nothing', () => {
    const host = new Replaying({
      mode: 'host',
      local: ['10.0.0.5'],
      rules: only('-A OUTPUT -p udp --dport 53 -j DROP'),
    })
    expect(host.say(udp('10.0.0.5:1>10.0.0.5:53'))).toBe('NEW OUTPUT DROP filter:OUTPUT:rule:1')
    expect(host.live).toBe(0)
  })

  test('over loopback the tables of PREROUTING and INPUT see the label that OUTPUT gave', () => {
    const rules =
      table('raw', '-A PREROUTING -i lo -j NOTRACK') +
      only('-A INPUT -m conntrack --ctstate NEW -j ACCEPT', '-P INPUT DROP')
    const host = new Replaying({ mode: 'host', local: ['10.0.0.5'], rules })
    expect(host.say(udp('127.0.0.1:1>127.0.0.1:53'))).toBe('NEW INPUT ACCEPT filter:INPUT:rule:1')
  })

  test("a server's RST ends the connection; dropped or not, the entry is gone", () => {
    for (const rules of [only(), only('-A FORWARD -p tcp --tcp-flags RST RST -j DROP')]) {
      const router = new Replaying({ rules })
      router.sayAll([c('S', 100), s('RA', 0, 101)])
      expect(router.live).toBe(0)
      expect(router.say(c('S', 100))).toContain('NEW FORWARD ACCEPT')
    }
  })
})

describe('both families', () => {
  const rules = table('filter', '-A FORWARD -j DROP')

  test('have their own rules', () => {
    const router = new Replaying({ rules })
    expect(router.say(tcp('[2001:db8::1]:1>[2001:db8::2]:80', 'S'))).toBe('NEW FORWARD ACCEPT')
    expect(router.say(tcp('10.0.0.1:1>10.9.9.9:80', 'S'))).toContain('DROP filter:FORWARD:')
  })

  test('of IPv6', () => {
    const router = new Replaying({ rules6: rules })
    expect(router.say(tcp('[2001:db8::1]:1>[2001:db8::2]:80', 'S'))).toContain('DROP filter:FORWARD:')
    expect(router.say(tcp('10.0.0.1:1>10.9.9.9:80', 'S'))).toBe('NEW FORWARD ACCEPT')
    expect(router.outcome.rule).toBeNull()
  })
})
