import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import { replayAlone, replayShared, type Sharing } from '../netfilter/shards/sharing.ts'
import { ENVIRONMENT } from '../ruleset/support.ts'
import { udp } from '../support/packets.ts'
import { mess, rules, talks } from './traffic-and-rules.ts'

const sharesNothing = (text: string): boolean =>
  compileRuleset(parseRuleset(text, 'rules', 'ipv4'), ENVIRONMENT).sharing === null

describe('machines that share the packets by pairs of hosts', () => {
  test('say together what one machine says, where the rules keep nothing between connections', () => {
    fc.assert(
      fc.property(rules, fc.oneof(talks, mess), fc.constantFrom(2, 3, 5), (text, frames, shards) => {
        fc.pre(sharesNothing(text))
        const sharing: Sharing = { rules: text, rules6: text.replaceAll('10.0.0.0/24', '2001:db8::/64') }
        const alone = replayAlone(frames, sharing)
        const { outcomes, counters, tally, concernsOthers } = replayShared(frames, sharing, shards)
        expect(outcomes).toEqual(alone.outcomes)
        expect(counters).toEqual(alone.counters)
        const { peak: _, atEnd: __, ...sums } = tally
        expect(alone.tally).toMatchObject(sums)
        expect(concernsOthers).toBe(-1)
      }),
      { numRuns: 60 },
    )
  })

  test('would not, where they do', () => {
    const asking = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']
    const frames = asking.map((host, at) => ({ bytes: udp(`${host}:1000>10.9.9.9:53`), time: at / 1000 }))
    const text = '*filter\n:FORWARD DROP\n-A FORWARD -m limit --limit 1/min --limit-burst 2 -j ACCEPT\nCOMMIT\n'
    expect(sharesNothing(text)).toBe(false)
    expect(replayShared(frames, { rules: text }, 7).outcomes).not.toEqual(replayAlone(frames, { rules: text }).outcomes)
  })
})
