import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kernelOracle } from '../kernel/kernel-oracle.ts'
import { runPair } from '../kernel/pair.ts'
import { temporaryFolder } from '../support/files.ts'
import { udp } from '../support/packets.ts'
import { pcap } from '../support/pcap.ts'
import { Replaying } from './replaying.ts'

const HOST = '10.0.0.5'
const ADDRESSES = ['127.255.255.255', '127.0.0.0', '127.0.0.1', '127.0.255.255', HOST, '10.9.9.9', '255.255.255.255']
const TYPES = ['LOCAL', 'BROADCAST', 'UNICAST']

/** Rules that drop what has a type, by the first that fits. */
function rulesOf(chain: string, which: string, limit: string): string {
  const rules = TYPES.map((type) => `-A ${chain} -m addrtype --${which}-type ${type} ${limit} -j DROP`)
  return ['*mangle', ...rules, 'COMMIT', ''].join('\n')
}

const packets = ADDRESSES.flatMap((address, index) => [
  udp(`10.0.0.1:${index + 1}>${address}:53`),
  udp(`${HOST}:${index + 1}>${address}:53`),
  ...(address === '255.255.255.255' ? [] : [udp(`${address}:${index + 1}>${HOST}:54`)]),
])

test('127.255.255.255 is the broadcast address of lo, all others there are local', () => {
  const rules = '*raw\n-A PREROUTING -m addrtype --dst-type BROADCAST -j DROP\nCOMMIT\n'
  const router = new Replaying({ rules })
  expect(router.say(udp('10.0.0.1:1>127.255.255.255:53'))).toContain('DROP')
  expect(router.say(udp('10.0.0.1:1>127.255.255.254:53'))).not.toContain('DROP')
})

const oracle = kernelOracle()
const folder = temporaryFolder()

describe.skipIf(!oracle.available)(
  `types of addresses of lo (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    const asked = (['router', 'host'] as const).flatMap((mode) =>
      ['src', 'dst'].flatMap((which) =>
        [
          ['PREROUTING', ''],
          ['OUTPUT', ''],
          ['PREROUTING', '--limit-iface-in'],
          ['OUTPUT', '--limit-iface-out'],
        ].map(([chain, limit]) => [mode, which, chain, limit] as const),
      ),
    )
    test.each(asked)('%s, --%s-type in %s %s', async (mode, which, chain, limit) => {
      if (!oracle.available) return
      const capture = join(folder, `${mode}${which}${chain}${limit}.pcap`)
      const rules = `${capture}.rules`
      writeFileSync(capture, pcap(packets))
      writeFileSync(rules, rulesOf(chain, which, limit))
      const local = mode === 'host' ? { local: [HOST] } : {}
      const { comparison } = await runPair(oracle, { capture, rules, mode, checksum: 'verify', ...local })
      expect(comparison.differences).toEqual([])
      expect(comparison.equal).toBeGreaterThan(0)
    })
  },
)
