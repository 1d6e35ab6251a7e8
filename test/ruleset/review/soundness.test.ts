import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRuleset, parseRuleset } from '../../../src/ruleset/index.ts'
import { reviewRuleset } from '../../../src/ruleset/review/review.ts'
import { icmp, tcp, udp } from '../../support/packets.ts'
import { ENVIRONMENT, packetOf } from '../support.ts'

const not = fc.constantFrom('', '', '', '! ')
const header = fc
  .tuple(
    not,
    fc.constantFrom('-s 10.0.0.0/8', '-s 10.0.0.1', '-d 192.0.0.0/8', '-i eth0', '-i eth+', '-i lo', '-o eth1'),
  )
  .map((words) => words.join(''))
const ports = fc.constantFrom('22', '80', '1:1023', '80:1500', '1024')
const transport = fc.oneof(
  fc.constantFrom('-p tcp', '-p udp', '! -p tcp', '-p icmp', '-p icmp --icmp-type 3', '-p icmp --icmp-type 3/1'),
  fc
    .tuple(fc.constantFrom('tcp', 'udp'), not, fc.constantFrom('sport', 'dport'), ports)
    .map(([protocol, negation, option, range]) => `-p ${protocol} ${negation}--${option} ${range}`),
  fc
    .tuple(not, fc.constantFrom('ports', 'sports', 'dports'))
    .map(([negation, option]) => `-p tcp -m multiport ${negation}--${option} 22,80,1000:2000`),
  fc.constantFrom('-p tcp --syn', '-p tcp ! --syn', '-p tcp --tcp-flags ALL SYN', '-p tcp --tcp-flags ACK ACK'),
)
const match = fc.oneof(
  fc
    .tuple(not, fc.constantFrom('NEW', 'ESTABLISHED,RELATED', 'NEW,ESTABLISHED', 'INVALID'))
    .map(([negation, states]) => `-m conntrack ${negation}--ctstate ${states}`),
  fc.constantFrom(
    '-m mark --mark 0x1/0x3',
    '-m mark ! --mark 2',
    '-m limit --limit 1/hour --limit-burst 1',
    '-m length --length 40:60',
    '-m addrtype --dst-type LOCAL',
    '-m ttl --ttl-lt 64',
  ),
)
const maybe = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant(''), fc.constant(''), part)
const target = fc.constantFrom(
  'ACCEPT',
  'DROP',
  'REJECT',
  'RETURN',
  'MARK --set-mark 1',
  'LOG',
  'A',
  'B',
  'ACCEPT',
  'DROP',
)
const rule = fc
  .tuple(maybe(header), maybe(transport), maybe(match), target, fc.constantFrom('-j', '-j', '-g'))
  .map(([asked, of, more, to, jump]) => [asked, of, more, to === 'A' || to === 'B' ? jump : '-j', to].join(' '))

const text = fc
  .record({
    base: fc.array(rule, { minLength: 2, maxLength: 10 }),
    a: fc.array(rule, { maxLength: 5 }),
    b: fc.array(rule, { maxLength: 5 }),
  })
  .map(({ base, a, b }) => {
    const lines = [
      ...base.map((line) => `-A FORWARD ${line}`),
      ...a.map((line) => `-A A ${line.replace(/-([jg]) A$/, '-$1 B')}`),
      ...b.map((line) => `-A B ${line.replace(/-[jg] [AB]$/, '-j DROP')}`),
    ]
    return ['*filter', ':FORWARD DROP [0:0]', ':A - [0:0]', ':B - [0:0]', ...lines, 'COMMIT', ''].join('\n')
  })

const ends = fc
  .tuple(fc.constantFrom('10.0.0.1', '10.9.9.9', '172.16.0.1'), fc.constantFrom('10.1.1.1', '192.0.2.7', '8.8.8.8'))
  .map(([source, destination]) => ({ source, destination }))
const bytes = fc.oneof(
  fc
    .tuple(ends, fc.constantFrom(22, 80, 1024, 1500, 9999), fc.constantFrom('S', 'SA', 'A', 'F', ''))
    .map(([{ source, destination }, port, flags]) => tcp(`${source}:1024>${destination}:${port}`, flags)),
  fc
    .tuple(ends, fc.constantFrom(22, 80))
    .map(([{ source, destination }, port]) => udp(`${source}:80>${destination}:${port}`)),
  fc
    .tuple(ends, fc.constantFrom(8, 3))
    .map(([{ source, destination }, type]) => icmp(`${source}>${destination}`, type, 1)),
)
const packet = fc.record({
  bytes,
  inInterface: fc.constantFrom(1, 2, 3),
  outInterface: fc.constantFrom(1, 2, 3),
  state: fc.constantFrom(1, 2, 4, 8, 64),
  mark: fc.constantFrom(0, 1, 2, 3),
})

test('a rule that is said never to match never does', () => {
  fc.assert(
    fc.property(text, fc.array(packet, { minLength: 1, maxLength: 40 }), (source, packets) => {
      const parsed = parseRuleset(source, 'rules', 'ipv4')
      const compiled = compileRuleset(parsed, ENVIRONMENT)
      const [table] = compiled.tablesAt(2)
      for (const { bytes: data, ...settings } of packets) table.run(packetOf(data, settings))
      const review = reviewRuleset(parsed)
      const dead = new Set(review.dead.map((one) => one.rule.rule.line))
      const unused = new Set(review.unused.map(({ chain }) => chain.chain.name))
      for (const info of compiled.rules) {
        if (!dead.has(info.line) && !unused.has(info.chain)) continue
        expect({ line: info.line, packets: compiled.packets(info.id) }).toEqual({ line: info.line, packets: 0 })
      }
    }),
    { numRuns: 600 },
  )
})
