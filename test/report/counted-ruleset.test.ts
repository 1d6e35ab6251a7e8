import { expect, it } from 'vitest'
import { countedRuleset } from '../../src/report/counted-ruleset.ts'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import { ENVIRONMENT, packetOf } from '../ruleset/support.ts'
import { tcp } from '../support/packets.ts'

it('prints the rules with the packets and bytes of the replay, and policies with theirs', () => {
  const text = [
    '*filter',
    ':FORWARD DROP [7:8]',
    ':A - [0:0]',
    '[5:6] -A FORWARD -p tcp --dport 22 -j A',
    '-A A -j ACCEPT',
    'COMMIT',
    '*nat',
    ':POSTROUTING ACCEPT [1:2]',
    '-A POSTROUTING -o eth1 -j MASQUERADE',
    'COMMIT',
    '',
  ].join('\n')
  const parsed = parseRuleset(text, 'rules', 'ipv4')
  const withoutNat = { ...parsed, tables: parsed.tables.filter(({ name }) => name !== 'nat') }
  const replayed = compileRuleset(withoutNat, ENVIRONMENT)
  const [table] = replayed.tablesAt(2)
  for (const port of [22, 22, 23]) table.run(packetOf(tcp(`10.0.0.1:1>10.0.0.2:${port}`, 'S')))
  expect(countedRuleset(parsed, replayed)).toBe(
    [
      '*filter',
      ':INPUT ACCEPT [0:0]',
      ':FORWARD DROP [1:40]',
      ':OUTPUT ACCEPT [0:0]',
      ':A - [0:0]',
      '[2:80] -A FORWARD -p tcp -m tcp --dport 22 -j A',
      '[2:80] -A A -j ACCEPT',
      'COMMIT',
      '*nat',
      ':PREROUTING ACCEPT [0:0]',
      ':INPUT ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':POSTROUTING ACCEPT [0:0]',
      '[0:0] -A POSTROUTING -o eth1 -j MASQUERADE',
      'COMMIT',
      '',
    ].join('\n'),
  )
})
