import { describe, expect, it } from 'vitest'
import { partsEditedAfter, partsEditedWithin } from '../../src/ruleset/edited-parts.ts'
import { parseRuleset } from '../../src/ruleset/index.ts'
import { PART_ROUTE, PART_TOS, PART_TRACKING, PART_TTL } from '../../src/ruleset/packet/packet-edits.ts'
import { reviewRuleset } from '../../src/ruleset/review/review.ts'

function table(name: string, ...rules: readonly string[]) {
  return parseRuleset([`*${name}`, ':PREROUTING ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n'), 'rules', 'ipv4')
}

/** By table: within, after. */
function partsOf(name: string, ...rules: readonly string[]): number[][] {
  return table(name, ...rules).tables.map((one) => [partsEditedWithin(one), partsEditedAfter(one)])
}

/** What it takes comes to no later rule of the table, with a listener or without (seen of Linux 6.18), but to other tables. */
const TPROXY = '-A PREROUTING -p udp -j TPROXY --on-port 5000 --tproxy-mark 1'

describe('the parts of packets that the targets of a table change', () => {
  it.each([
    ['mangle', '-A PREROUTING -j TTL --ttl-set 64', PART_TTL],
    ['mangle', '-A PREROUTING -j DSCP --set-dscp 1', PART_TOS],
    ['raw', '-A PREROUTING -j CT --notrack', PART_TRACKING],
    ['mangle', '-A PREROUTING -j MARK --set-mark 1', 0],
    ['mangle', '-A PREROUTING -j NFQUEUE', 0],
  ])('%s: %s', (name, rule, parts) => {
    expect(partsOf(name, rule)).toEqual([[parts, parts]])
  })

  it('of a packet that a proxy takes only other tables see what became', () => {
    expect(partsOf('mangle', TPROXY)).toEqual([[0, PART_ROUTE]])
    expect(partsOf('mangle', '-A PREROUTING -j TTL --ttl-set 64', TPROXY)).toEqual([[PART_TTL, PART_TTL | PART_ROUTE]])
  })

  it('a proxy, which marks packets, is no reason to doubt what later rules say of marks', () => {
    const marked = (rest: string): string => `-A PREROUTING -m mark --mark 1 ${rest}`
    const dead = (between: string): number[] =>
      reviewRuleset(table('mangle', marked('-j ACCEPT'), between, marked('-p tcp -j DROP')), []).dead.map(
        ({ rule }) => rule.number,
      )
    expect(dead(TPROXY)).toEqual([3])
    expect(dead('-A PREROUTING -p udp -j MARK --set-mark 1')).toEqual([])
  })
})
