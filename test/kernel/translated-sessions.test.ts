import { describe, expect, it } from 'vitest'
import { helpedTraffic, type TranslatedNames } from './helped-traffic.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { nat, table } from './nat-tables.ts'
import { runPackets } from './run-packets.ts'
import { firstStory } from './story.ts'

const oracle = kernelOracle()

const HELPED = table(
  'raw',
  ['PREROUTING', 'OUTPUT'],
  [
    '-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp',
    '-A PREROUTING -p tcp -m tcp --dport 5060 -j CT --helper sip',
    '-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp',
  ],
)
const IRC = HELPED.replace('COMMIT', '-A PREROUTING -p tcp -m tcp --dport 6667 -j CT --helper irc\nCOMMIT')
const NAMES = { own: '10.0.0.1', seen: '198.51.100.1', peer: '203.0.113.9' }
const NAMES6 = { own: '2001:db8::1', seen: '2001:db8:5::1', peer: '2001:db8:9::9' }

/** Helped sessions through NAT, from inside and from outside. */
const SESSIONS: Readonly<Record<string, { names: TranslatedNames; rules?: string; rules6?: string }>> = {
  'clients behind SNAT': {
    names: { ...NAMES, isClient: true },
    rules: IRC + nat('-A POSTROUTING -s 10.0.0.1 -j SNAT --to-source 198.51.100.1'),
  },
  'servers behind DNAT': {
    names: { ...NAMES, isClient: false },
    rules: IRC + nat('-A PREROUTING -d 198.51.100.1 -j DNAT --to-destination 10.0.0.1'),
  },
  'clients behind SNAT, IPv6': {
    names: { ...NAMES6, isClient: true },
    rules6: HELPED + nat('-A POSTROUTING -s 2001:db8::1 -j SNAT --to-source 2001:db8:5::1'),
  },
  'servers behind DNAT, IPv6': {
    names: { ...NAMES6, isClient: false },
    rules6: HELPED + nat('-A PREROUTING -d 2001:db8:5::1 -j DNAT --to-destination 2001:db8::1'),
  },
}
/** More with `STEPS=5000 SEED=7 npx vitest run test/kernel/translation`. */
const STEPS = Number(process.env.STEPS ?? 400)
const SEED = Number(process.env.SEED ?? 1)

describe.skipIf(!oracle.available)(
  `helped sessions through NAT (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    it.each(Object.entries(SESSIONS))(
      '%s',
      async (name, { names, ...rules }) => {
        if (!oracle.available) return
        const packets = helpedTraffic(SEED, names, STEPS)
        const result = await runPackets(oracle, { packets, mode: 'router', ...rules })
        expect(firstStory(result)).toBe('')
        const labels = result.kernel.map(({ label }) => label)
        expect(labels).toContain('RELATED')
        expect(labels).toContain('INVALID')
        if (process.env.STEPS !== undefined) console.log(`${name}: ${result.comparison.equal} packets agree`)
      },
      600_000,
    )
  },
)
