import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRuleset, parseRuleset, printRuleset, type RuleStep } from '../../src/ruleset/index.ts'
import type { Family } from '../../src/ruleset/packet/rule-environment.ts'
import type { RulePacket } from '../../src/ruleset/packet/rule-packet.ts'
import { ENVIRONMENT, FakeConnections, packetOf } from '../ruleset/support.ts'
import { icmp, mss, tcp, udp } from '../support/packets.ts'

/** Rulesets long enough for a classifier, in which a packet meets many rules before one ends its way. */

const not = fc.constantFrom('', '', '', '! ')
const ADDRESSES = {
  ipv4: ['10.0.0.1', '10.0.0.2', '10.0.1.7', '192.0.2.9', '203.0.113.1'],
  ipv6: ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::7', '2001:db8:ffff::9', 'fe80::1'],
}
const NETWORKS = {
  ipv4: [
    '10.0.0.0/8',
    '10.0.0.1',
    '10.0.0.0/24',
    '192.0.2.0/255.255.0.255',
    '192.0.2.8/31',
    '0.0.0.0/1',
    '10.0.1.0/25',
  ],
  ipv6: ['2001:db8::/32', '2001:db8::1', '2001:db8::/64', '2001:db8:0:1::/65', '2000::/3', 'fe80::/10', '::/1'],
}
const RANGES = {
  ipv4: ['10.0.0.1-10.0.0.2', '10.0.0.2-192.0.2.9'],
  ipv6: ['2001:db8::1-2001:db8::2', '2001:db8::2-2001:db8:ffff::9'],
}

function address(family: Family, network: '-s' | '-d', range: '--src-range' | '--dst-range') {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant('') },
    fc.tuple(not, fc.constantFrom(...NETWORKS[family])).map(([negation, value]) => `${negation}${network} ${value} `),
    fc
      .tuple(not, fc.constantFrom(...RANGES[family]))
      .map(([negation, value]) => `-m iprange ${negation}${range} ${value} `),
  )
}

const interfaces = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  fc
    .tuple(not, fc.constantFrom('-i', '-o'), fc.constantFrom('eth0', 'eth1', 'eth+', 'lo', 'ppp0'))
    .map(([negation, option, name]) => `${negation}${option} ${name} `),
)

const ports = fc.oneof(
  fc.integer({ min: 20, max: 30 }).map(String),
  fc
    .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 60 }))
    .map(([low, more]) => `${low}:${low + more}`),
)

function transport(family: Family) {
  const icmpName = family === 'ipv4' ? 'icmp' : 'icmpv6'
  return fc.oneof(
    fc.constantFrom('', '-p 47 ', '! -p udp ', '-p tcp ', '-p udp '),
    fc
      .tuple(fc.constantFrom('tcp', 'udp'), not, fc.constantFrom('sport', 'dport'), ports)
      .map(([protocol, negation, option, range]) => `-p ${protocol} ${negation}--${option} ${range} `),
    fc
      .tuple(fc.constantFrom('tcp', 'udp'), not, fc.constantFrom('ports', 'sports', 'dports'))
      .map(([protocol, negation, option]) => `-p ${protocol} -m multiport ${negation}--${option} 22,25,28:40 `),
    fc.constantFrom('-p tcp --syn ', '-p tcp ! --tcp-flags SYN,ACK,FIN SYN ', '-p tcp --tcp-option 2 '),
    fc
      .tuple(not, fc.constantFrom('8', '3/1', '129'))
      .map(([negation, type]) => `-p ${icmpName} ${negation}--${icmpName}-type ${type} `),
  )
}

const match = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.tuple(not, fc.constantFrom('NEW', 'ESTABLISHED,RELATED', 'INVALID')).map(([n, s]) => `-m state ${n}--state ${s} `),
  fc.constantFrom(
    '-m conntrack --ctdir REPLY ',
    '-m conntrack --ctstate NEW,SNAT --ctproto 6 ',
    '-m limit --limit 1/hour --limit-burst 2 ',
    '-m limit --limit 1/hour --limit-burst 1 -m pkttype --pkt-type unicast ',
    '-m mac --mac-source 00:00:00:00:00:01 ',
    '-m mark --mark 0x1/0x3 ',
    '-m mark ! --mark 2 ',
    '-m connmark --mark 1 ',
    '-m length --length 40:60 ',
  ),
)

/** Few of them end a packet's way. */
const target = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('-j ACCEPT', '-j DROP', '-j RETURN') },
  { weight: 4, arbitrary: fc.constantFrom('', '-j LOG --log-prefix "x y"') },
  { weight: 2, arbitrary: fc.constantFrom('-j A', '-g A', '-j B', '-g B') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '-j MARK --or-mark 1',
      '-j MARK --set-mark 2/3',
      '-j CONNMARK --save-mark',
      '-j CONNMARK --restore-mark --mask 1',
    ),
  },
)

/** Changes no mark, so that marks are a field to find rules by. */
const harmless = target.map((word) => word.replace(/-j (CONN)?MARK.*/, ''))

/** What all rules of a ruleset ask, in so many ways that it is worth finding them by that. */
const THEMES = ['', 'mark', 'connmark', 'port', 'interface'] as const
type Theme = (typeof THEMES)[number]

const rarely = fc.constantFrom(...Array<string>(20).fill(''), '! ')
const themedMark = fc
  .tuple(fc.constantFrom('mark', 'connmark'), rarely, fc.integer({ min: 0, max: 3 }))
  .map(([name, negation, value]) => `-m ${name} ${negation}--mark ${value} `)
const themedPort = fc
  .tuple(rarely, fc.constantFrom('sport', 'dport'), fc.integer({ min: 18, max: 60 }), fc.integer({ min: 0, max: 6 }))
  .map(([negation, option, low, more]) => `-p tcp ${negation}--${option} ${low}:${low + more} `)
const themedInterface = fc
  .tuple(rarely, fc.constantFrom('eth0', 'eth1', 'lo', 'ppp0', 'ppp+'))
  .map(([negation, name]) => `${negation}-i ${name} `)

function rule(family: Family, theme: Theme, action: fc.Arbitrary<string>) {
  const isMarked = theme === 'mark' || theme === 'connmark'
  return fc
    .tuple(
      address(family, '-s', '--src-range'),
      address(family, '-d', '--dst-range'),
      theme === 'interface' ? themedInterface : interfaces,
      theme === 'port' ? themedPort : transport(family),
      isMarked ? themedMark.map((text) => text.replace(/^-m \w+/, `-m ${theme}`)) : match,
      match,
      action,
    )
    .map((words) => {
      const conditions = words.slice(0, -1).join('')
      // Without conditions, or with one that most packets meet, it would hide what stands after it.
      return `${conditions.length > 24 || theme !== '' ? conditions : '-p tcp --dport 22 '}${words.at(-1)}`
    })
}

/** Chains may only call those after them, so that there are no loops. */
function ruleset(family: Family, action: fc.Arbitrary<string>) {
  return fc.constantFrom(...THEMES).chain((theme) => themedRuleset(rule(family, theme, action)))
}

function themedRuleset(one: fc.Arbitrary<string>) {
  return fc
    .record({
      first: fc.constantFrom([], ['-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT']),
      base: fc.array(one, { minLength: 30, maxLength: 120 }),
      a: fc.array(one, { maxLength: 60 }),
      b: fc.array(one, { maxLength: 60 }),
    })
    .map(({ first, base, a, b }) => {
      const lines = [
        ...[...first, ...base].map((line) => `-A FORWARD ${line}`),
        ...a.map((line) => `-A A ${line.replace(/-[jg] A$/, '-j B')}`),
        ...b.map((line) => `-A B ${line.replace(/-[jg] [AB]$/, '-j RETURN')}`),
      ]
      return ['*filter', ':FORWARD DROP [0:0]', ':A - [0:0]', ':B - [0:0]', ...lines, 'COMMIT', ''].join('\n')
    })
}

function bytes(family: Family) {
  const host = fc
    .constantFrom(...ADDRESSES[family])
    .map((text) =>
      family === 'ipv6'
        ? (port: string) => (port ? `[${text}]:${port}` : text)
        : (port: string) => (port ? `${text}:${port}` : text),
    )
  const port = fc.integer({ min: 18, max: 60 }).map(String)
  return fc
    .tuple(host, host, port, port, fc.constantFrom('tcp', 'udp', 'icmp'), fc.constantFrom('S', 'SA', 'A', ''))
    .map(([source, destination, sport, dport, protocol, flags]) => {
      if (protocol === 'icmp') return icmp(`${source('')}>${destination('')}`, 8, 0)
      const path = `${source(sport)}>${destination(dport)}`
      return protocol === 'udp' ? udp(path) : tcp(path, flags, { options: flags === 'S' ? [mss(1400)] : [] })
    })
}

function packet(family: Family) {
  return fc.record({
    bytes: bytes(family),
    /** Some are cut by the snap length, some say that they are shorter than their headers. */
    damage: fc.constantFrom('', '', '', '', 'cut', 'short'),
    inInterface: fc.constantFrom(-1, 1, 1, 2, 3),
    outInterface: fc.constantFrom(-1, 1, 2, 2, 3),
    state: fc.constantFrom(1, 2, 4, 8, 8, 64),
    direction: fc.constantFrom(0, 1),
    connection: fc.constantFrom(0, 1),
    mark: fc.constantFrom(0, 1, 2, 3),
    unknownMark: fc.constantFrom(0, 0, 0, 2),
  })
}

type Settings = ReturnType<typeof packet> extends fc.Arbitrary<infer One> ? One : never

/** Only as many bytes of the transport header as the IP header then says. */
function shortened(data: Uint8Array, family: Family): Uint8Array {
  const short = data.slice(0, family === 'ipv4' ? 32 : 52)
  if (family === 'ipv4') short[3] = short.length
  else short[5] = short.length - 40
  return short
}

function answers(
  source: string,
  family: Family,
  packets: readonly Settings[],
  interpretOnly: boolean,
  explains = false,
): string[] {
  const rules = compileRuleset(parseRuleset(source, 'rules', family), ENVIRONMENT, { interpretOnly })
  const connections = new FakeConnections()
  const lines = packets.map(({ bytes: data, damage, connection, ...settings }) => {
    const one: RulePacket = packetOf(damage === 'short' ? shortened(data, family) : data, {
      ...settings,
      ...(damage === 'cut' && { captured: family === 'ipv4' ? 38 : 58 }),
      connections,
      connection: settings.state === 1 ? -1 : connection,
    })
    const [table] = rules.tablesAt(one.hook)
    const steps: RuleStep[] = []
    const verdict = explains ? table.explain(one, steps) : table.run(one)
    const met = steps.filter(({ matched }) => matched !== 'no').map(({ rule, matched }) => `${rule.record} ${matched}`)
    const { record } = rules.rules[one.decidedBy]
    const reason = one.unknownReason < 0 ? '' : rules.unknownReason(one.unknownReason)
    return `${verdict} ${record} ${one.mark} ${one.unknownMark} ${one.possibleVerdicts} ${reason} ${met.join(', ')}`
  })
  const counters = rules.rules.map(({ id }) => `${rules.packets(id)}:${rules.bytes(id)}`).join(' ')
  return [...lines, counters, `${connections.mark(0)} ${connections.mark(1)}`]
}

/** All are walked in three values: by the rules that a packet may match, and by all rules in turn. */
test.each([
  ['ipv4', 'change marks', target],
  ['ipv6', 'change nothing', harmless],
] as const)(
  '%s: rules that %s are met the same when only candidates are asked, whatever is unknown',
  (family, _, action) => {
    const unknown = packet(family).map((one) => ({ ...one, inInterface: -1 as const, unknownMark: 2 as const }))
    fc.assert(
      fc.property(
        ruleset(family, action),
        fc.array(fc.oneof(unknown, packet(family)), { minLength: 1, maxLength: 8 }),
        (source, packets) => {
          expect(answers(source, family, packets, false, true)).toEqual(answers(source, family, packets, true, true))
        },
      ),
      { numRuns: 150 },
    )
  },
)

test.each([
  ['ipv4', 'rules that change marks', target],
  ['ipv4', 'rules that change nothing', harmless],
  ['ipv6', 'rules that change marks', target],
  ['ipv6', 'rules that change nothing', harmless],
] as const)('%s: many %s say the same with a classifier as one by one', (family, _, action) => {
  fc.assert(
    fc.property(
      ruleset(family, action),
      fc.array(packet(family), { minLength: 1, maxLength: 12 }),
      (source, packets) => {
        expect(answers(source, family, packets, false)).toEqual(answers(source, family, packets, true))
      },
    ),
    { numRuns: 60 },
  )
})

test('printing and reading many rules again changes no verdict', () => {
  fc.assert(
    fc.property(
      ruleset('ipv4', target),
      fc.array(packet('ipv4'), { minLength: 1, maxLength: 8 }),
      (source, packets) => {
        const printed = printRuleset(parseRuleset(source, 'rules', 'ipv4'))
        expect(answers(printed, 'ipv4', packets, false)).toEqual(answers(source, 'ipv4', packets, false))
      },
    ),
    { numRuns: 30 },
  )
})
