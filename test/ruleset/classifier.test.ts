import { expect, test } from 'vitest'
import { HOOK_FORWARD } from '../../src/ruleset/packet/hooks.ts'
import { STATE_ESTABLISHED } from '../../src/ruleset/packet/rule-packet.ts'
import { tcp, udp } from '../support/packets.ts'
import { compile, decide, filter, packetOf } from './support.ts'

/** Enough rules of a kind for a classifier. */
function many(rule: (number: number) => string, count = 100): string[] {
  return Array.from({ length: count }, (_, number) => `-A FORWARD ${rule(number)}`)
}

const packet = (port: number) => packetOf(tcp(`10.0.0.1:1000>10.1.1.1:${port}`, 'S'))

test('the first rule that matches decides, wherever others of its kind stand', () => {
  const rules = compile(
    filter(
      ...many((number) => `-p tcp --dport ${2000 + number} -j DROP`),
      '-A FORWARD -s 10.0.0.0/8 -p tcp --dport 2500 -j REJECT',
      '-A FORWARD -p tcp --dport 2400:2600 -j ACCEPT',
      ...many((number) => `-s 10.0.0.${number} -j DROP`),
    ),
  )
  expect(decide(rules, packet(2042))).toBe('DROP filter:FORWARD:rule:43')
  expect(decide(rules, packet(2500))).toBe('REJECT filter:FORWARD:rule:101')
  expect(decide(rules, packet(2501))).toBe('ACCEPT filter:FORWARD:rule:102')
  expect(decide(rules, packet(80))).toBe('DROP filter:FORWARD:rule:104')
  expect(decide(rules, packetOf(udp('10.9.9.9:1000>10.1.1.1:80')))).toBe('DROP filter:FORWARD:policy:203')
})

test('a mark that a rule of the chain sets is seen by those after it', () => {
  const rules = compile(
    filter(
      ...many((number) => `-m mark --mark ${200 + number} -j ACCEPT`),
      '-A FORWARD -p tcp --dport 80 -j MARK --set-mark 70',
      ...many((number) => `-m mark --mark ${number} -j ACCEPT`),
    ),
  )
  expect(decide(rules, packet(80))).toBe('ACCEPT filter:FORWARD:rule:172')
  expect(decide(rules, packet(81))).toBe('ACCEPT filter:FORWARD:rule:102')
})

test('marks that only an earlier table sets are a field to find rules by', () => {
  const rules = compile(filter(...many((number) => `-m mark --mark ${number} -j ACCEPT`)))
  const marked = packet(80)
  marked.mark = 42
  expect(decide(rules, marked)).toBe('ACCEPT filter:FORWARD:rule:43')
})

test('what comes before the rules that match is counted, what was not asked is not', () => {
  const rules = compile(
    filter(...many((number) => `-p tcp --dport ${number}:3000 -j LOG`), '-A FORWARD -p tcp --dport 50 -j ACCEPT'),
  )
  expect(decide(rules, packet(50))).toBe('ACCEPT filter:FORWARD:rule:101')
  const counted = rules.rules.filter(({ id }) => rules.packets(id) === 1).map(({ number }) => number)
  expect(counted).toEqual([...Array.from({ length: 51 }, (_, at) => at + 1), 101])
})

test('chains that go on to each other keep apart what they found', () => {
  const text = [
    '*filter',
    ':FORWARD DROP [0:0]',
    ':A - [0:0]',
    ...many((number) => `-p tcp --dport ${number}:200 -j ${number === 20 ? 'A' : 'LOG'}`, 60),
    ...many((number) => `-p tcp --dport ${number}:200 -j ${number === 40 ? 'RETURN' : 'LOG'}`, 60).map((rule) =>
      rule.replace('FORWARD', 'A'),
    ),
    '-A FORWARD -p tcp --dport 100 -j ACCEPT',
    'COMMIT',
    '',
  ].join('\n')
  const rules = compile(text)
  for (let round = 1; round <= 3; round++) {
    expect(decide(rules, packet(100))).toBe('ACCEPT filter:FORWARD:rule:61')
    const counted = rules.rules.filter(({ id, chain }) => chain === 'A' && rules.packets(id) === round)
    expect(counted.map(({ number }) => number)).toEqual(Array.from({ length: 41 }, (_, at) => at + 1))
  }
})

test('a TCP header too short for a rule drops the packet there, though its port fits another rule', () => {
  const rules = compile(filter(...many((number) => `-p tcp --dport ${2000 + number} -j ACCEPT`)))
  const short = tcp('10.0.0.1:1000>10.1.1.1:2050', 'S').slice(0, 32)
  short[3] = short.length
  const damaged = packetOf(short, { hook: HOOK_FORWARD })
  expect(decide(rules, damaged)).toBe('DROP filter:FORWARD:rule:1')
})

test('a rule for known connections in front is asked before the others', () => {
  const rules = compile(
    filter(
      '-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      ...many((number) => `-p tcp --dport ${2000 + number} -j DROP`),
    ),
  )
  const known = packetOf(tcp('10.0.0.1:1000>10.1.1.1:2000', 'A'), { state: STATE_ESTABLISHED, connection: 0 })
  expect(decide(rules, known)).toBe('ACCEPT filter:FORWARD:rule:1')
  expect(decide(rules, packet(2000))).toBe('DROP filter:FORWARD:rule:2')
})

test('an interface that is not known keeps every rule that asks for one', () => {
  const rules = compile(filter(...many((number) => `-i eth${number} -p tcp --dport 80 -j ACCEPT`)))
  expect(decide(rules, packet(80))).toBe('ACCEPT filter:FORWARD:rule:1')
  const unknown = packet(80)
  unknown.inInterface = -1
  expect(decide(rules, unknown)).toBe('UNKNOWN filter:FORWARD:rule:1')
})
