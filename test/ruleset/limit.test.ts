import { expect, test } from 'vitest'
import { parseRuleset, printRuleset } from '../../src/ruleset/index.ts'
import { tcp } from '../support/packets.ts'
import { sameGrammar } from './extension-test.ts'
import { compile, decide, filter, packetOf } from './support.ts'

sameGrammar('limit', [
  {
    rules: ['90/min', '3/hour', '1/2day', '10001/s', '10000/s', '1/hour --limit-burst 30'].map(
      (rate) => `-m limit --limit ${rate}`,
    ),
  },
])

test('a burst of days is taken with a warning, because iptables-nft takes it and iptables-legacy does not', () => {
  const text = filter('-A FORWARD -m limit --limit 1/day -j ACCEPT')
  const ruleset = parseRuleset(text, 'rules', 'ipv4')
  expect(printRuleset(ruleset)).toContain('-A FORWARD -m limit --limit 1/day -j ACCEPT\n')
  expect(ruleset.warnings.join()).toContain('only nf_tables')
  const rules = compile(text)
  const packet = packetOf(tcp('192.0.2.1:1000>198.51.100.2:80', 'S'))
  const verdicts = Array.from({ length: 7 }, () => decide(rules, packet).slice(0, 1))
  expect(verdicts.join('')).toBe('AAAAADD')
})
