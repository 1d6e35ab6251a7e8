import { expect, test } from 'vitest'
import { compileRuleset, parseRuleset, type RuleStep } from '../../src/ruleset/index.ts'
import { INTERFACE_UNKNOWN, VERDICT_ACCEPT } from '../../src/ruleset/packet/rule-packet.ts'
import { tcp } from '../support/packets.ts'
import { ENVIRONMENT, filter, packetOf } from './support.ts'

const SYN = tcp('192.0.2.1:1000>198.51.100.2:80', 'S')

test('an explanation shows what stood in the packet', () => {
  const rule = '-s 192.0.2.1 -m state --state NEW -m mark --mark 0x10 -p udp -j DROP'
  const steps: RuleStep[] = []
  const packet = packetOf(SYN, { mark: 0x10 })
  const [table] = compileRuleset(parseRuleset(filter(`-A FORWARD ${rule}`), 'rules', 'ipv4'), ENVIRONMENT).tablesAt(2)
  table.explain(packet, steps)
  expect(steps[0].checks.map(({ found }) => found)).toEqual(['source address 192.0.2.1', 'protocol tcp'])
  const [other] = compileRuleset(
    parseRuleset(filter(`-A FORWARD ${rule.replace('-p udp ', '')}`), 'rules', 'ipv4'),
    ENVIRONMENT,
  ).tablesAt(2)
  other.explain(packet, steps)
  expect(steps[1].checks.map(({ found }) => found)).toEqual([
    'source address 192.0.2.1',
    'conntrack state NEW',
    'mark 0x10',
  ])
})

test('an explanation tells every rule met and every check made', () => {
  const parsed = parseRuleset(
    filter('-A FORWARD -i eth0 -p udp -j DROP', '-A FORWARD -i eth0 -j LOG', '-A FORWARD -p tcp --dport 80 -j ACCEPT'),
    'rules',
    'ipv4',
  )
  const packet = packetOf(SYN, { inInterface: INTERFACE_UNKNOWN })
  const steps: RuleStep[] = []
  const [table] = compileRuleset(parsed, ENVIRONMENT).tablesAt(packet.hook)
  expect(table.explain(packet, steps)).toBe(VERDICT_ACCEPT)
  expect(
    steps.map(
      ({ rule, matched, checks }) =>
        `${rule.number} ${matched}: ${checks.map((check) => `${check.match} ${check.result} (${check.found})`).join(', ')}`,
    ),
  ).toEqual([
    '1 no: in-interface unknown (incoming interface not known), protocol no (protocol tcp)',
    '2 unknown: in-interface unknown (incoming interface not known)',
    '3 yes: protocol yes (protocol tcp), tcp yes (transport length 20), tcp yes (destination port 80)',
  ])
})
