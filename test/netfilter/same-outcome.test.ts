import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRuleset } from '../../src/ruleset/index.ts'
import { crowded, network } from '../property/conversations.ts'
import { udp } from '../support/packets.ts'
import { replayed } from './frames-reader.ts'
import { table } from './replaying.ts'
import { served, times } from './served-clients.ts'

const rulesOf = (text: string, family: 'ipv4' | 'ipv6' = 'ipv4') => parseRuleset(text, 'rules', family)

const RULES = rulesOf(
  table('raw', '-A PREROUTING -p icmp -s 10.9.9.9 -j NOTRACK') +
    table(
      'nat',
      '-A PREROUTING -p tcp -j DNAT --to-destination 10.99.0.1:8080',
      '-A POSTROUTING -j SNAT --to-source 198.51.100.1-198.51.100.3',
    ) +
    table(
      'mangle',
      '-A PREROUTING -m recent --set --name seen',
      '-A FORWARD -m limit --limit 5/s -j MARK --set-mark 1',
    ) +
    table(
      'filter',
      '-A FORWARD -m mark --mark 1 -j ACCEPT',
      '-A FORWARD -m recent --name seen --rcheck --hitcount 5 -j DROP',
      '-A FORWARD -m cpu --cpu 1 -j DROP',
      '-A FORWARD -p tcp -m conntrack --ctstate INVALID -j REJECT --reject-with tcp-reset',
    ),
)

const traffic = network(crowded, 6).map((packets) => {
  let time = 0
  return packets.map(({ bytes, gap }) => {
    time += gap
    return { bytes, time }
  })
})

describe('the same capture has the same outcome', () => {
  test('every time', async () => {
    await fc.assert(
      fc.asyncProperty(traffic, async (frames) => {
        const options = { rules: RULES, mode: 'router' } as const
        expect((await replayed(frames, options)).said).toEqual((await replayed(frames, options)).said)
      }),
      { numRuns: 15 },
    )
  })

  test('however its frames are cut into batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        traffic,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        async (frames, sizes) => {
          // Also what is inferred: with the mode left open.
          const whole = await replayed(frames, { rules: RULES })
          const pieces = await replayed(frames, { rules: RULES }, sizes)
          expect(pieces.said).toEqual(whole.said)
          expect(pieces.summary.assumptions).toEqual(whole.summary.assumptions)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('what is inferred does not depend on the batches', async () => {
    // The host is only known from what comes after the first sixteen small batches.
    const frames = [...times(3, (i) => udp(`10.1.0.${i}:4000>10.2.0.${i}:53`)), ...served(200)]
    const whole = await replayed(frames)
    expect(whole.summary.local).toEqual(['10.9.9.9'])
    for (const size of [1, 3]) expect((await replayed(frames, {}, [size])).said).toEqual(whole.said)
  })

  test('nor on large frames, of which few are looked at', async () => {
    const frames = times(150, (i) => udp(`10.0.0.${i}:4000>10.9.9.9:53`, { data: 60_000 }))
    const whole = await replayed(frames, {}, [8])
    expect(whole.said.length).toBe(150)
    expect((await replayed(frames, {}, [3])).said).toEqual(whole.said)
  })
})
