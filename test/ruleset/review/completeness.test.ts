import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRuleset, parseRuleset } from '../../../src/ruleset/index.ts'
import type { RulePacket } from '../../../src/ruleset/packet/rule-packet.ts'
import { reviewRuleset } from '../../../src/ruleset/review/review.ts'
import { icmp, tcp, udp } from '../../support/packets.ts'
import { ENVIRONMENT, packetOf } from '../support.ts'

/** Few values, of which every kind of packet is tried: a rule is said never to match exactly when it does not. */

const INTERFACES = ['', 'eth0', 'eth1', 'eth9', 'lo', 'wlan0']
const STATES = [1, 2, 4, 8, 64]
const PORTS = [0, 22, 23, 1023, 1024]
const HOSTS = ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '192.0.2.1']

const PACKETS: RulePacket[] = HOSTS.flatMap((host) =>
  [
    icmp(`${host}>198.51.100.1`, 8, 0),
    ...PORTS.flatMap((to) =>
      [9, 22, 2000].flatMap((from) => [
        tcp(`${host}:${from}>198.51.100.1:${to}`, 'S'),
        udp(`${host}:${from}>198.51.100.1:${to}`),
      ]),
    ),
  ].flatMap((bytes) =>
    [1, 2, 3, 4, 5].flatMap((inInterface) =>
      [1, 5].flatMap((outInterface) => STATES.map((state) => packetOf(bytes, { state, inInterface, outInterface }))),
    ),
  ),
)

const oneOf = (...words: string[]): fc.Arbitrary<string> => fc.constantFrom(...words)
const not = oneOf('', '', '! ')
const asked = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((words) => words.join(''))
const source = asked(not, oneOf('-s 10.0.0.0/30', '-s 10.0.0.0/31', '-s 10.0.0.2/31', '-s 10.0.0.1'))
const ports = asked(
  oneOf('-p tcp ', '-p udp '),
  oneOf(
    '',
    '',
    '--dport 22',
    '! --dport 22',
    '--dport 0:22',
    '--dport 23:65535',
    '--dport 1024:65535',
    '-m multiport --dports 0:21,23:1023',
    '-m multiport --ports 22,1024:65535',
  ),
)
const protocol = fc.oneof(ports, ports, oneOf('! -p tcp', '! -p udp'))
const state = asked(
  oneOf('-m conntrack '),
  not,
  oneOf('--ctstate NEW', '--ctstate ESTABLISHED,RELATED', '--ctstate NEW,INVALID'),
)
const way = asked(not, oneOf('-i eth0', '-i eth+', '-i lo', '-i eth1', '-o eth0', '-o eth0'))

const maybe = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant(''), fc.constant(''), part)
const target = oneOf('-j ACCEPT', '-j DROP', '-j ACCEPT', '-j LOG', '-j RETURN', '-j A', '-g A', '-j B', '-g B')
// Later fragments have no ports, and the machine does not let them through to any rule: left out here.
const rule = fc
  .tuple(maybe(source), maybe(protocol), maybe(state), maybe(way), target)
  .map((words) => `! -f ${words.filter((word) => word !== '').join(' ')}`)

const text = fc
  .record({
    base: fc.array(rule, { minLength: 2, maxLength: 9 }),
    a: fc.array(rule, { maxLength: 5 }),
    b: fc.array(rule, { maxLength: 5 }),
  })
  .map(({ base, a, b }) =>
    [
      '*filter',
      ':FORWARD DROP [0:0]',
      ':A - [0:0]',
      ':B - [0:0]',
      ...base.map((line) => `-A FORWARD ${line}`),
      ...a.map((line) => `-A A ${line.replace(/-([jg]) A$/, '-$1 B')}`),
      ...b.map((line) => `-A B ${line.replace(/-[jg] [AB]$/, '-j DROP')}`),
      'COMMIT',
      '',
    ].join('\n'),
  )

test('exactly the rules that no packet of any kind matches are said never to match', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(text, (source) => {
      const parsed = parseRuleset(source, 'rules', 'ipv4')
      const compiled = compileRuleset(parsed, { ...ENVIRONMENT, interfaces: INTERFACES })
      const [table] = compiled.tablesAt(2)
      for (const packet of PACKETS) table.run(packet)
      const { dead, unused } = reviewRuleset(parsed)
      const lines = new Set(dead.map(({ rule: { rule } }) => rule.line))
      const outOfReach = new Set(unused.map(({ chain }) => chain.chain.name))
      const rules = compiled.rules.filter((info) => !info.text.startsWith(':') && !outOfReach.has(info.chain))
      const unmatched = rules.filter(({ id }) => compiled.packets(id) === 0)
      const said = rules.filter(({ line }) => lines.has(line))
      expect(said.map((info) => info.text)).toEqual(unmatched.map((info) => info.text))
    }),
    { numRuns: Number(process.env.CTREPLAY_RANDOM_RULES ?? 60) },
  )
})
