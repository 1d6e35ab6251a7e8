import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { compileRuleset, parseRuleset, parseSets } from '../../src/ruleset/index.ts'
import { Replaying, table } from '../netfilter/replaying.ts'
import { ENVIRONMENT } from '../ruleset/support.ts'
import { udp } from '../support/packets.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Seconds between two packets: of the connections that they open, which live for 30 seconds, 3000 live at once. */
const GAP = 0.01
const TOGETHER = 500
const PACKETS_BEFORE = 20_000
const PACKETS = 80_000
/** For a packet that leaves something behind it is ten bytes at the least. */
const GROWTH_ALLOWED = PACKETS * 5
const SETS = 'create x hash:ip maxelem 1000\ncreate crowd hash:ip maxelem 1000 forceadd timeout 3600\n'
/** A rule with this is undecided, since no interface is named. */
const UNDECIDED = '-A FORWARD -i eth0'

/** Packets that each open a connection with another host, the first of them with host `from`. */
function openings(from: number, count: number): { bytes: Uint8Array; gap: number }[] {
  return Array.from({ length: count }, (_, index) => {
    const host = from + index
    const address = `20.${(host >>> 16) & 255}.${(host >>> 8) & 255}.${host & 255}`
    return { bytes: udp(`10.0.0.1:4000>${address}:53`), gap: GAP }
  })
}

function held(): number {
  // The first time the garbage is found, the second time the memory of its arrays is given back.
  collectGarbage()
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test.each([
  ['an address in a list', table('filter', `${UNDECIDED} -m recent --name x --rdest --set`)],
  ['an address in a set', table('filter', `${UNDECIDED} -j SET --add-set x dst`)],
  ['an address in a set with forceadd', table('filter', `${UNDECIDED} -j SET --add-set crowd dst`)],
  ['a label', table('filter', `${UNDECIDED} -m connlabel --label 1 --set`)],
  ['a mark', table('filter', `${UNDECIDED} -j CONNMARK --set-mark 1`)],
  ['a group', table('filter', `${UNDECIDED} ${hashlimit('-m hashlimit')} -j DROP`)],
  ['a group for ever', table('filter', `${UNDECIDED} ${hashlimit('-m hashlimit', 3_600_000)} -j DROP`)],
  ['a connection of a large group', table('filter', `${UNDECIDED} -m connlimit --connlimit-above 5 -j DROP`)],
  [
    'a connection of a small group',
    table('filter', `${UNDECIDED} -m connlimit --connlimit-above 5 --connlimit-daddr -j DROP`),
  ],
  ['a port taken at random', table('nat', '-A POSTROUTING -j SNAT --to-source 198.51.100.1 --random')],
  ['a connection that perhaps is translated', table('nat', '-A POSTROUTING -o eth1 -j SNAT --to-source 198.51.100.1')],
])('%s: what is remembered of connections goes with them', (_, rules) => {
  const sets = parseSets(SETS, 'sets')
  const ruleset4 = compileRuleset(parseRuleset(rules, 'rules', 'ipv4'), { ...ENVIRONMENT, interfaces: [''] }, { sets })
  const one = new Replaying({ ruleset4 })
  const open = (from: number, until: number) => {
    for (let host = from; host < until; host += TOGETHER) one.sayTogether(openings(host, TOGETHER), () => {})
  }
  open(0, PACKETS_BEFORE)
  const before = held()
  open(PACKETS_BEFORE, PACKETS_BEFORE + PACKETS)
  expect(held() - before).toBeLessThan(GROWTH_ALLOWED)
})

function hashlimit(match: string, expire = 1000): string {
  return `${match} --hashlimit-name x --hashlimit-mode dstip --hashlimit-upto 5/sec --hashlimit-htable-max 1000 --hashlimit-htable-expire ${expire}`
}
