import { describe, expect, test } from 'vitest'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import { parseSets } from '../../src/ruleset/ipset/parse-sets.ts'
import type { Family } from '../../src/ruleset/packet/rule-environment.ts'
import { VERDICT_ACCEPT, VERDICT_UNKNOWN } from '../../src/ruleset/packet/rule-packet.ts'
import type { CompiledRuleset, TableName } from '../../src/ruleset/ruleset.ts'
import { RulesetError } from '../../src/ruleset/text/ruleset-error.ts'
import { cooked } from '../netfilter/cooked.ts'
import { ether, icmp, tcp, udp } from '../support/packets.ts'
import { noIptables, printedByIptables, printedByUs } from './iptables-tools.ts'
import { ENVIRONMENT, filter, type PacketSettings, packetOf } from './support.ts'

const SETS = [
  'create a hash:ip counters timeout 0 skbinfo',
  'create b hash:ip,port',
  'create nosk hash:ip',
  'create l list:set',
].join('\n')

describe.skipIf(noIptables)(`sets, as iptables prints them ${noIptables}`, () => {
  const setup = `ipset restore <<'E'\n${SETS}\nE\n`
  const both = (rule: string, table: TableName, chain = 'FORWARD'): void => {
    expect(printedByUs(rule, 'ipv4', table, chain)).toBe(printedByIptables(rule, 'ipv4', table, chain, setup))
  }

  test.each([
    '-m set --match-set a src',
    '-m set ! --match-set a dst -m set --match-set b src,dst',
    '-m set --match-set a src,dst,src,src,src,src',
    '-m set --match-set a src,dst,src,src,src,src,src',
    '-m set --match-set a foo',
    '-m set --match-set a srcx',
    '-m set --match-set a src --return-nomatch',
    '-m set --match-set a src ! --return-nomatch',
    '-m set --match-set a src --update-counters',
    '-m set --match-set a src ! --packets-eq 5',
    '-m set --match-set a src --packets-lt 5 --bytes-gt 10',
    '-m set --match-set a src --packets-lt 5 --packets-gt 3',
    '-m set --match-set a src ! --packets-lt 5',
    '-m set ! --match-set a src --bytes-eq 5 ! --update-counters --return-nomatch ! --update-subcounters',
    '-m set --set a src',
    '-m set --match-set a src --match-set b src',
    '-m set',
    '-j SET --add-set a src --exist --timeout 10',
    '-j SET --add-set a src --timeout 9 --timeout 10',
    '-j SET --add-set a src --timeout x --timeout 10',
    '-j SET --add-set a src --del-set b dst,src',
    '-j SET --del-set a src --exist',
    '-j SET --del-set a src --timeout 3',
    '-j SET --map-set a src',
    '-j SET --map-set a src --map-mark --map-prio --map-queue',
    '-j SET --map-mark',
    '-j SET --add-set a src --del-set a dst --map-set a src --map-mark',
  ])('%s', (rule) => both(rule, 'mangle'))

  test('the tables and chains where a mapping is allowed', () => {
    both('-j SET --map-set a src --map-mark', 'filter')
    both('-j SET --map-set a src --map-mark', 'mangle', 'PREROUTING')
    both('-j SET --map-set a src --map-prio', 'mangle', 'PREROUTING')
  })
})

function compileWith(sets: string, rules: string, family: Family = 'ipv4'): CompiledRuleset {
  return compileRuleset(parseRuleset(rules, 'rules', family), ENVIRONMENT, { sets: parseSets(sets, 'sets') })
}

function answerOf(rules: CompiledRuleset, bytes: Uint8Array, settings?: PacketSettings): string {
  const packet = packetOf(bytes, settings)
  const verdict = rules.tablesAt(packet.hook)[0].run(packet)
  if (verdict === VERDICT_UNKNOWN) return 'unknown'
  return verdict === VERDICT_ACCEPT ? 'yes' : 'no'
}

function holds(
  sets: string[],
  match: string,
  bytes: Uint8Array,
  settings?: PacketSettings,
  family: Family = 'ipv4',
): string {
  return answerOf(compileWith(sets.join('\n'), filter(`-A FORWARD -m set ${match} -j ACCEPT`), family), bytes, settings)
}

const SYN = tcp('192.0.2.1:1000>198.51.100.2:80', 'S')

describe('lookups in a set', () => {
  test.each([
    ['hash:ip', '192.0.2.1', '--match-set s src', 'yes'],
    ['hash:ip', '192.0.2.1', '--match-set s dst', 'no'],
    ['hash:ip', '192.0.2.1', '! --match-set s dst', 'yes'],
    ['hash:ip', '192.0.2.0/28', '--match-set s src', 'yes'],
    ['hash:ip netmask 24', '192.0.2.9', '--match-set s src', 'yes'],
    ['hash:net', '192.0.2.0/24', '--match-set s src', 'yes'],
    ['hash:net', '192.0.2.0-192.0.2.2', '--match-set s src', 'yes'],
    ['hash:net', '192.0.2.2-192.0.2.4', '--match-set s src', 'no'],
    ['hash:ip,port', '192.0.2.1,tcp:1000', '--match-set s src,src', 'yes'],
    ['hash:ip,port', '192.0.2.1,80', '--match-set s src,dst', 'yes'],
    ['hash:ip,port', '192.0.2.1,http', '--match-set s src,dst', 'yes'],
    ['hash:ip,port', '192.0.2.1,udp:80', '--match-set s src,dst', 'no'],
    ['hash:ip,port', '192.0.2.1,80', '--match-set s src', 'no'],
    ['hash:ip,port', '192.0.2.1,80', '! --match-set s src', 'yes'],
    ['hash:net,port', '192.0.2.0/25,79-81', '--match-set s src,dst', 'yes'],
    ['hash:ip,port,ip', '192.0.2.1,80,198.51.100.2', '--match-set s src,dst,dst', 'yes'],
    ['hash:ip,port,net', '192.0.2.1,80,198.0.0.0/8', '--match-set s src,dst,dst', 'yes'],
    ['hash:net,net', '192.0.0.0/8,198.0.0.0/8', '--match-set s src,dst', 'yes'],
    ['hash:net,net', '192.0.0.0/8,198.0.0.0/8', '--match-set s dst,src', 'no'],
    ['hash:net,port,net', '192.0.0.0/8,80,198.0.0.0/8', '--match-set s src,dst,dst', 'yes'],
    ['hash:net,iface', '192.0.2.0/24,eth0', '--match-set s src,src', 'yes'],
    ['hash:net,iface', '192.0.2.0/24,eth0', '--match-set s src,dst', 'no'],
    ['hash:net,iface', '192.0.2.0/24,eth wildcard', '--match-set s src,dst', 'yes'],
    ['hash:ip,mark', '192.0.2.1,0', '--match-set s src,src', 'yes'],
    ['hash:mac', '02:00:00:00:00:01', '--match-set s src', 'unknown'],
    ['bitmap:ip range 192.0.2.0/24', '192.0.2.1', '--match-set s src', 'yes'],
    ['bitmap:port range 0-1024', '80', '--match-set s dst', 'yes'],
    ['bitmap:port range 0-1024', '80', '--match-set s src', 'no'],
  ])('%s with %s: %s: %s', (type, element, match, expected) => {
    expect(holds([`create s ${type}`, `add s ${element}`], match, SYN)).toBe(expected)
  })

  test('MAC addresses, if the capture has them', () => {
    const frame = ether(SYN, { source: '02:00:00:00:00:01' })
    const settings = { linkType: 1 }
    expect(holds(['create s hash:mac', 'add s 02:00:00:00:00:01'], '--match-set s src', frame, settings)).toBe('yes')
    const pair = ['create s hash:ip,mac', 'add s 192.0.2.1,02:00:00:00:00:01']
    expect(holds(pair, '--match-set s src,src', frame, settings)).toBe('yes')
    const bitmap = ['create s bitmap:ip,mac range 192.0.2.0/24', 'add s 192.0.2.1,02:00:00:00:00:09']
    expect(holds(bitmap, '--match-set s src,src', frame, settings)).toBe('no')
    const { bytes, linkType } = cooked(0, SYN)
    expect(holds(pair, '--match-set s src,src', bytes, { linkType })).toBe('yes')
    expect(holds(pair, '--match-set s src,dst', frame, settings)).toBe('no')
    expect(holds(pair, '--match-set s src,dst', bytes, { linkType })).toBe('unknown')
  })

  test('type and code of ICMP count as a port', () => {
    const sets = ['create s hash:ip,port', 'add s 192.0.2.1,icmp:echo-request']
    expect(holds(sets, '--match-set s src,dst', icmp('192.0.2.1>198.51.100.2', 8, 0, { id: 7 }))).toBe('yes')
    expect(holds(sets, '--match-set s src,src', icmp('192.0.2.1>198.51.100.2', 0, 0, { id: 7 }))).toBe('no')
  })

  test('nomatch excludes a network from a larger one, and --return-nomatch matches only that', () => {
    const sets = ['create s hash:net', 'add s 192.0.0.0/8', 'add s 192.0.2.0/24 nomatch']
    expect(holds(sets, '--match-set s src', SYN)).toBe('no')
    expect(holds(sets, '--match-set s src --return-nomatch', SYN)).toBe('yes')
    const other = tcp('192.0.3.1:1>198.51.100.2:80', 'S')
    expect(holds(sets, '--match-set s src', other)).toBe('yes')
    expect(holds(sets, '--match-set s src --return-nomatch', other)).toBe('no')
  })

  test('an element expires, and then does not hide a larger network', () => {
    const sets = ['create s hash:net timeout 0', 'add s 192.0.0.0/8', 'add s 192.0.2.0/24 timeout 10 nomatch']
    expect(holds(sets, '--match-set s src', SYN, { nowNs: 10e9 })).toBe('no')
    expect(holds(sets, '--match-set s src', SYN, { nowNs: 10.1e9 })).toBe('yes')
  })

  test("a list of sets uses the members of the packet's family", () => {
    const sets = ['create six hash:ip family inet6', 'create four hash:ip', 'add four 192.0.2.1', 'create s list:set']
    const list = [...sets, 'add s six', 'add s four before six']
    expect(holds(list, '--match-set s src', SYN)).toBe('yes')
    expect(holds(list, '--match-set six src', SYN)).toBe('no')
    expect(holds(list, '! --match-set six src', SYN)).toBe('yes')
  })

  test('IPv6', () => {
    const sets = ['create s hash:net family inet6', 'add s 2001:db8::/33']
    const from = (address: string): Uint8Array => udp(`[${address}]:1>[2001:db9::1]:53`)
    expect(holds(sets, '--match-set s src', from('2001:db8:7fff::1'), {}, 'ipv6')).toBe('yes')
    expect(holds(sets, '--match-set s src', from('2001:db8:8000::1'), {}, 'ipv6')).toBe('no')
  })

  test('deleted elements are gone until they are added again', () => {
    const lines = ['create s hash:ip counters', 'add s 192.0.2.0/29', 'add s 192.0.2.1 -exist', 'del s 192.0.2.0/30']
    const from = (last: number): Uint8Array => tcp(`192.0.2.${last}:1000>198.51.100.2:80`, 'S')
    const held = (more: readonly string[]): number[] =>
      [0, 1, 2, 3, 4, 5, 6, 7].filter((last) => holds([...lines, ...more], '--match-set s src', from(last)) === 'yes')
    expect(held([])).toEqual([4, 5, 6, 7])
    expect(held(['add s 192.0.2.2', 'del s 192.0.2.4'])).toEqual([2, 5, 6, 7])
    expect(held(['add s 192.0.2.2', 'del s 192.0.2.2', 'add s 192.0.2.2 packets 9'])).toEqual([2, 4, 5, 6, 7])
    expect(held(['flush s', 'add s 192.0.2.3', 'del s 192.0.2.4'])).toEqual([3])
  })

  test('a set that was not given is unknown, and is named', () => {
    const rules = compileWith('', filter('-A FORWARD -m set --match-set lost src -j ACCEPT'))
    const packet = packetOf(SYN)
    expect(rules.tablesAt(packet.hook)[0].run(packet)).toBe(VERDICT_UNKNOWN)
    expect(rules.unknownReason(packet.unknownReason)).toBe(
      'the set "lost" was not given; give the output of ipset save with --ipset',
    )
  })
})

describe('rules that change sets', () => {
  const fresh = filter('-A FORWARD -m set --match-set s src -j ACCEPT', '-A FORWARD -p tcp -j SET --add-set s src')

  test('an address is added with a timeout, and deleted', () => {
    const rules = compileWith(
      'create s hash:ip timeout 5',
      filter(
        '-A FORWARD -p udp --dport 9 -j SET --del-set s src',
        '-A FORWARD -m set --match-set s src -j ACCEPT',
        '-A FORWARD -p tcp -j SET --add-set s src --timeout 2',
      ),
    )
    const ask = (bytes: Uint8Array, seconds: number): string => answerOf(rules, bytes, { nowNs: seconds * 1e9 })
    const ping = udp('192.0.2.1:5>198.51.100.2:53')
    expect([ask(SYN, 0), ask(SYN, 1), ask(ping, 2), ask(ping, 3)]).toEqual(['no', 'yes', 'yes', 'no'])
    expect([ask(SYN, 4), ask(udp('192.0.2.1:5>198.51.100.2:9'), 5), ask(ping, 5)]).toEqual(['no', 'no', 'no'])
  })

  test('nothing is added to a full set', () => {
    const rules = compileWith('create s hash:ip maxelem 1', fresh)
    const other = tcp('192.0.2.2:1000>198.51.100.2:80', 'S')
    expect([SYN, SYN, other, other].map((bytes) => answerOf(rules, bytes))).toEqual(['no', 'yes', 'no', 'no'])
  })

  test('a full set with forceadd may have taken elements and removed others', () => {
    const rules = compileWith('create s hash:ip maxelem 1 forceadd', fresh)
    const from = (last: number): Uint8Array => tcp(`192.0.2.${last}:1000>198.51.100.2:80`, 'S')
    const sources = [1, 1, 2, 1, 2, 3, 4, 3, 3]
    expect(sources.map((last) => answerOf(rules, from(last)))).toEqual([
      ...['no', 'yes', 'no', 'unknown', 'unknown', 'no', 'unknown', 'unknown', 'unknown'],
    ])
  })

  test('a full set is searched for expired elements only if there may be some', () => {
    const rules = compileWith('create s hash:ip maxelem 2 timeout 10', fresh)
    const ask = (last: number, seconds: number): string =>
      answerOf(rules, tcp(`192.0.2.${last}:1000>198.51.100.2:80`, 'S'), { nowNs: seconds * 1e9 })
    expect([ask(1, 0), ask(2, 5), ask(3, 6), ask(3, 7)]).toEqual(['no', 'no', 'no', 'no'])
    // The first element has expired, the second has not.
    expect([ask(3, 11), ask(3, 12), ask(4, 13), ask(4, 14)]).toEqual(['no', 'yes', 'no', 'no'])
    expect([ask(4, 16), ask(4, 17), ask(2, 18)]).toEqual(['no', 'yes', 'no'])
  })

  test('what an undecidable rule may have added is unknown', () => {
    const rules = compileWith(
      'create s hash:ip',
      filter(
        '-A FORWARD -m set --match-set s src -j ACCEPT',
        '-A FORWARD -p tcp -m physdev --physdev-is-bridged -j SET --add-set s src',
      ),
    )
    expect([SYN, SYN, udp('192.0.2.9:5>198.51.100.2:53')].map((bytes) => answerOf(rules, bytes))).toEqual([
      ...['no', 'unknown', 'no'],
    ])
  })

  describe('with more elements in doubt than the set can hold', () => {
    const undecided = '-m physdev --physdev-is-bridged'
    const from = (last: number, port = 80): Uint8Array => tcp(`192.0.2.${last}:1000>198.51.100.2:${port}`, 'S')
    /** Asks for an address; port 80: it is added perhaps, 81: for certain, 82: taken out. */
    const asking = (set: string) => {
      const rules = compileWith(
        set,
        filter(
          `-A FORWARD -p tcp --dport 80 ${undecided} -j SET --add-set s src`,
          '-A FORWARD -p tcp --dport 81 -j SET --add-set s src',
          '-A FORWARD -p tcp --dport 82 -j SET --del-set s src',
          '-A FORWARD -m set --match-set s src -j ACCEPT',
        ),
      )
      return (...addresses: (readonly [number, number])[]) =>
        addresses.map(([last, port]) => answerOf(rules, from(last, port))).join(' ')
    }

    test('whether one more has room is not known', () => {
      const ask = asking('create s hash:ip maxelem 2')
      expect(ask([1, 80], [2, 81], [3, 81], [4, 99])).toBe('unknown yes unknown no')
    })

    test('what is certainly full takes no more', () => {
      const ask = asking('create s hash:ip maxelem 2\nadd s 192.0.2.1\nadd s 192.0.2.2')
      expect(ask([3, 80], [3, 81], [1, 99])).toBe('no no yes')
      expect(ask([1, 82], [3, 81], [3, 99])).toBe('no yes yes')
    })

    test('any address may be in the set, but what certainly was stays', () => {
      const ask = asking('create s hash:ip maxelem 2\nadd s 192.0.2.1')
      expect(ask([2, 80], [3, 80], [4, 80], [1, 99])).toBe('unknown unknown unknown yes')
      expect(ask([5, 80], [6, 99], [1, 99])).toBe('unknown unknown yes')
      expect(ask([6, 81], [1, 99])).toBe('unknown yes')
    })

    test('with forceadd what was in the set may be gone', () => {
      const ask = asking('create s hash:ip maxelem 2 forceadd\nadd s 192.0.2.1')
      expect(ask([2, 80], [1, 99], [3, 80], [1, 99])).toBe('unknown yes unknown unknown')
    })
  })

  test('an element that was added perhaps, then for certain, may have the time of the first', () => {
    const rules = compileWith(
      'create s hash:ip timeout 10',
      filter(
        '-A FORWARD -p tcp --dport 80 -m physdev --physdev-is-bridged -j SET --add-set s src',
        '-A FORWARD -p tcp --dport 81 -j SET --add-set s src',
        '-A FORWARD -p tcp --dport 82 -j SET --add-set s src --exist',
        '-A FORWARD -m set --match-set s src -j ACCEPT',
      ),
    )
    const ask = (port: number, seconds: number): string =>
      answerOf(rules, tcp(`192.0.2.1:1000>198.51.100.2:${port}`, 'S'), { nowNs: seconds * 1e9 })
    expect([ask(80, 0), ask(81, 8), ask(99, 15)]).toEqual(['unknown', 'unknown', 'unknown'])
    expect([ask(82, 16), ask(99, 20), ask(99, 30)]).toEqual(['yes', 'yes', 'no'])
  })

  test('counters are counted before they are compared', () => {
    const rules = compileWith(
      'create s hash:ip counters\nadd s 192.0.2.1 packets 1 bytes 60',
      filter('-A FORWARD -m set --match-set s src --packets-gt 2 -j ACCEPT'),
    )
    expect([SYN, SYN, SYN].map((bytes) => answerOf(rules, bytes))).toEqual(['no', 'yes', 'yes'])
  })

  test('the packet gets the mark of the element', () => {
    const text = [
      '*mangle',
      '-A FORWARD -j SET --map-set s src --map-mark',
      '-A FORWARD -m mark --mark 0x12 -j ACCEPT',
      '-A FORWARD -j DROP',
      'COMMIT',
      '',
    ].join('\n')
    const rules = compileWith('create s hash:ip skbinfo\nadd s 192.0.2.1 skbmark 0x12/0xff', text)
    expect(answerOf(rules, SYN)).toBe('yes')
    expect(answerOf(rules, tcp('192.0.2.2:1000>198.51.100.2:80', 'S'))).toBe('no')
  })
})

test('all errors of a file are reported, with their places', () => {
  const text =
    'create s hash:ip\nadd t 1.2.3.4\nadd s 1.2.3.x\ncreate x hash:foo\nadd s 1.2.3.4 timeout 3\nfoo\n-!\nconstructor s\n'
  const errors = (() => {
    try {
      parseSets(text, 'sets')
      return []
    } catch (error) {
      return error instanceof RulesetError ? error.errors : []
    }
  })()
  expect(errors.map(({ line, column }) => `${line}:${column}`)).toEqual([
    '2:5',
    '3:7',
    '4:10',
    '5:15',
    '6:1',
    '7:1',
    '8:1',
  ])
})
