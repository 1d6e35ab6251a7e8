import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRuleset, parseRuleset, printRuleset } from '../../src/ruleset/index.ts'
import type { RulePacket } from '../../src/ruleset/packet/rule-packet.ts'
import { ENVIRONMENT, FakeConnections, filter, packetOf } from '../ruleset/support.ts'
import { icmp, mss, tcp, udp } from '../support/packets.ts'

const ports = fc.constantFrom('22', '80', '1000:2000', ':1023', '80:')
const not = fc.constantFrom('', '', '! ')

const header = fc.constantFrom(
  '',
  '-s 10.0.0.0/8 ',
  '! -s 10.0.0.1 ',
  '-d 192.0.2.0/255.255.0.255 ',
  '-i eth0 ',
  '! -i eth1 ',
  '-i eth+ ',
  '-o lo ',
  '! -f ',
)

const transport = fc.oneof(
  fc.constant(''),
  fc.constantFrom('-p 47 ', '! -p udp ', '-p tcp ', '-p udp '),
  fc
    .tuple(fc.constantFrom('tcp', 'udp'), not, fc.constantFrom('sport', 'dport'), ports)
    .map(([protocol, negation, option, range]) => `-p ${protocol} ${negation}--${option} ${range} `),
  fc
    .tuple(not, fc.constantFrom('ports', 'sports', 'dports'))
    .map(([negation, option]) => `-p tcp -m multiport ${negation}--${option} 22,80,1000:2000 `),
  fc.constantFrom('-p tcp --syn ', '-p tcp ! --tcp-flags SYN,ACK,FIN SYN ', '-p tcp --tcp-option 2 '),
  fc
    .tuple(not, fc.constantFrom('8', 'any', '3/1'))
    .map(([negation, type]) => `-p icmp ${negation}--icmp-type ${type} `),
)

const match = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.tuple(not, fc.constantFrom('NEW', 'ESTABLISHED,RELATED', 'INVALID')).map(([n, s]) => `-m state ${n}--state ${s} `),
  fc.constantFrom(
    '-m conntrack --ctdir REPLY ',
    '-m conntrack --ctstate NEW,SNAT --ctorigsrc 10.0.0.1 ',
    '-m limit --limit 1/hour --limit-burst 2 ',
    '-m limit --limit 1/hour --limit-burst 1 -m pkttype --pkt-type unicast ',
    '-m pkttype --pkt-type broadcast ',
    '-m mac --mac-source 00:00:00:00:00:01 -m limit --limit 5/hour ',
    '-m addrtype --dst-type LOCAL ',
    '-m mark --mark 0x1/0x3 ',
    '-m mark ! --mark 2 ',
    '-m connmark --mark 1 ',
    '-m length --length 40:60 ',
    '-m comment --comment "a \\"b\\"" ',
  ),
)

const target = fc.constantFrom(
  '-j ACCEPT',
  '-j DROP',
  '-j REJECT',
  '-j RETURN',
  '-j LOG --log-prefix "x y"',
  '',
  '-j MARK --or-mark 1',
  '-j MARK --set-mark 2/3',
  '-j CONNMARK --save-mark',
  '-j CONNMARK --restore-mark --mask 1',
  '-j A',
  '-g A',
  '-j B',
  '-g B',
)

const rule = fc.tuple(header, transport, match, match, target).map((words) => words.join(''))

/** Chains may only call those after them, so that there are no loops. */
const text = fc
  .record({
    base: fc.array(rule, { maxLength: 12 }),
    a: fc.array(rule, { maxLength: 6 }),
    b: fc.array(rule, { maxLength: 6 }),
  })
  .map(({ base, a, b }) => {
    const lines = [
      ...base.map((line) => `-A FORWARD ${line}`),
      ...a.map((line) => `-A A ${line.replace(/-[jg] A$/, '-j B')}`),
      ...b.map((line) => `-A B ${line.replace(/-[jg] [AB]$/, '-j DROP')}`),
    ]
    return ['*filter', ':FORWARD DROP [0:0]', ':A - [0:0]', ':B - [0:0]', ...lines, 'COMMIT', ''].join('\n')
  })

const path = fc
  .tuple(fc.constantFrom('10.0.0.1', '10.0.0.2', '192.0.2.9'), fc.constantFrom('10.1.1.1', '192.0.2.7', '203.0.113.1'))
  .map(([source, destination]) => ({ source, destination }))

const bytes = fc.oneof(
  fc
    .tuple(path, fc.constantFrom(22, 80, 1500), fc.constantFrom('S', 'SA', 'A', 'F', ''))
    .map(([{ source, destination }, port, flags]) =>
      tcp(`${source}:1024>${destination}:${port}`, flags, { options: flags === 'S' ? [mss(1400)] : [] }),
    ),
  fc
    .tuple(path, fc.constantFrom(53, 80))
    .map(([{ source, destination }, port]) => udp(`${source}:80>${destination}:${port}`)),
  fc
    .tuple(path, fc.constantFrom(8, 3))
    .map(([{ source, destination }, type]) => icmp(`${source}>${destination}`, type, 1)),
)

const packet = (known: boolean) =>
  fc.record({
    bytes,
    inInterface: known ? fc.constantFrom(1, 2) : fc.constantFrom(-1, 1, 2),
    outInterface: known ? fc.constantFrom(2, 3) : fc.constantFrom(-1, 2, 3),
    state: fc.constantFrom(1, 2, 4, 8),
    direction: fc.constantFrom(0, 1),
    connection: fc.constantFrom(0, 1),
    mark: fc.constantFrom(0, 1, 3),
  })

interface Settings {
  readonly bytes: Uint8Array
  readonly inInterface: number
  readonly outInterface: number
  readonly state: number
  readonly direction: number
  readonly connection: number
  readonly mark: number
}

/** What a ruleset says of packets one after another: verdicts, rules, marks, counters. */
function answers(source: string, packets: readonly Settings[], interpretOnly: boolean): string[] {
  const rules = compileRuleset(parseRuleset(source, 'rules', 'ipv4'), ENVIRONMENT, { interpretOnly })
  const connections = new FakeConnections()
  const lines = packets.map(({ bytes: data, connection, ...settings }) => {
    const one: RulePacket = packetOf(data, {
      ...settings,
      connections,
      connection: settings.state === 1 ? -1 : connection,
    })
    const verdict = rules.tablesAt(one.hook)[0].run(one)
    const { record } = rules.rules[one.decidedBy]
    return `${verdict} ${record} ${one.mark} ${one.unknownMark} ${one.possibleVerdicts} ${one.unknownReason < 0 ? '' : rules.unknownReason(one.unknownReason)}`
  })
  const counters = rules.rules.map(({ id }) => `${rules.packets(id)}:${rules.bytes(id)}`).join(' ')
  return [...lines, counters, `${connections.mark(0)} ${connections.mark(1)}`]
}

test('compiled and interpreted rules agree, also where things are unknown', () => {
  fc.assert(
    fc.property(text, fc.array(packet(false), { minLength: 1, maxLength: 8 }), (source, packets) => {
      expect(answers(source, packets, false)).toEqual(answers(source, packets, true))
    }),
    { numRuns: 500 },
  )
})

test('nor where a packet has a direction, and no connection yet, as after -j CT', () => {
  const marks = [
    '-j MARK --set-mark 1',
    '-j CONNMARK --save-mark',
    '-j CONNMARK --restore-mark',
    '-m mark --mark 1 -j DROP',
  ]
  const source = filter(...marks.map((rule) => `-A FORWARD ${rule}`))
  const unseen = { bytes: tcp('10.0.0.1:1024>10.1.1.1:22', 'S'), inInterface: -1, outInterface: -1, state: 1, mark: 0 }
  const packets = [0, -1].map((direction) => ({ ...unseen, direction, connection: 0 }))
  expect(answers(source, packets, false)).toEqual(answers(source, packets, true))
})

test('printing and reading again changes neither text nor verdicts', () => {
  fc.assert(
    fc.property(text, fc.array(packet(false), { minLength: 1, maxLength: 4 }), (source, packets) => {
      const printed = printRuleset(parseRuleset(source, 'rules', 'ipv4'))
      expect(printRuleset(parseRuleset(printed, 'rules', 'ipv4'))).toBe(printed)
      expect(answers(printed, packets, false)).toEqual(answers(source, packets, false))
    }),
    { numRuns: 200 },
  )
})

/** Rules that ask and do nothing but what is the same for packets that they cannot tell apart. */
const forgetful = fc
  .array(
    fc.tuple(
      fc.constantFrom('FORWARD', 'FORWARD', 'A'),
      fc.constantFrom('', '-s 10.0.0.1 ', '! -d 192.0.2.7 ', '-i eth0 ', '! -i eth1 ', '-i eth+ -o eth0 '),
      fc.constantFrom('', '-p udp ', '-p tcp --dport 80: ', '-p tcp --syn ', '-p icmp --icmp-type 8 '),
      fc.constantFrom('', '', '-m state --state NEW ', '-m addrtype --dst-type LOCAL ', '-m mark --mark 1 '),
      fc.constantFrom('-j ACCEPT', '-j DROP', '-j REJECT', '-j RETURN', '', '-j MARK --or-mark 1', '-j A'),
    ),
    { maxLength: 8 },
  )
  .map((rules) => {
    const lines = rules.map(([chain, ...words]) => `-A ${chain} ${words.join('')}`)
    const kept = lines.filter((line) => !line.startsWith('-A A') || !line.endsWith('-j A'))
    return ['*filter', ':FORWARD DROP [0:0]', ':A - [0:0]', ...kept, 'COMMIT', ''].join('\n')
  })

/** So few kinds that many are the same to the rules. */
const alike = fc.record({
  bytes,
  inInterface: fc.constantFrom(-1, -1, -1, 1),
  outInterface: fc.constant(-1),
  state: fc.constantFrom(2, 2, 8),
  direction: fc.constant(0),
  connection: fc.constant(0),
  mark: fc.constantFrom(0, 0, 1),
})

test('what was answered to others shows in no answer', () => {
  fc.assert(
    fc.property(forgetful, fc.array(alike, { minLength: 8, maxLength: 24 }), (source, packets) => {
      const alone = packets.map((one) => answers(source, [one], false))
      const together = answers(source, packets, false)
      expect(together.slice(0, packets.length)).toEqual(alone.map(([said]) => said))
      const counters = alone.map(([, counted]) => counted.split(/[ :]/).map(Number))
      const sums = counters[0].map((_, at) => counters.reduce((sum, counted) => sum + counted[at], 0))
      expect(together[packets.length].split(/[ :]/).map(Number)).toEqual(sums)
    }),
    { numRuns: 300 },
  )
})

test('an unknown interface gives a verdict that every interface could give', () => {
  fc.assert(
    fc.property(text, packet(true), (source, settings) => {
      const [unknown] = answers(source, [{ ...settings, inInterface: -1 }], false)
      const known = [1, 2, 3].map((inInterface) => answers(source, [{ ...settings, inInterface }], false)[0])
      const [verdict, , , , possible] = unknown.split(' ')
      for (const answer of known) {
        const [one, , , , itsPossible] = answer.split(' ')
        const bits = one === '4' ? Number(itsPossible) : 1 << Number(one)
        const allowed = verdict === '4' ? Number(possible) : 1 << Number(verdict)
        expect(bits & ~allowed).toBe(0)
      }
    }),
    { numRuns: 300 },
  )
})

test('any text is read or refused with a place, never with a crash', () => {
  const word = fc.oneof(
    fc.constantFrom('-A', 'FORWARD', '!', '-p', 'tcp', '--dport', '-m', '-j', '"', '\\', '--', '-s', '[1:2]', '='),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(fc.array(word, { maxLength: 6 }), { maxLength: 6 }), (lines) => {
      const source = ['*filter', ...lines.map((words) => words.join(' ')), 'COMMIT', ''].join('\n')
      try {
        parseRuleset(source, 'rules', 'ipv4')
      } catch (error) {
        expect(String(error)).toMatch(/rules:\d+:\d+: /)
      }
    }),
    { numRuns: 500 },
  )
})
