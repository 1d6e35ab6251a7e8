import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { SYSCTLS, type SysctlName } from '../../src/conntrack/sysctls.ts'
import { kernelOracle } from './kernel-oracle.ts'

const oracle = kernelOracle()

/** These belong to the whole machine; a namespace only reads them. */
const OF_THE_MACHINE: readonly SysctlName[] = ['nf_conntrack_max', 'nf_conntrack_expect_max']
const names = (Object.keys(SYSCTLS) as SysctlName[]).filter((name) => !OF_THE_MACHINE.includes(name))

/** The rules load the tracker; without low thresholds the high ones may be anything. */
const PREPARE = `iptables -A INPUT -m conntrack --ctstate NEW
ip6tables -A INPUT -m conntrack --ctstate NEW
echo 0 > /proc/sys/net/ipv4/ipfrag_low_thresh
echo 0 > /proc/sys/net/netfilter/nf_conntrack_frag6_low_thresh
`

/** Which of the values the kernel takes, as `name value`. */
function taken(asked: readonly (readonly [SysctlName, number])[]): Set<string> {
  const writes = asked.map(([name, value]) => {
    const path = name.startsWith('net.') ? name.replaceAll('.', '/') : `net/netfilter/${name}`
    return `if (echo ${value} > /proc/sys/${path}) 2> /dev/null; then echo ${name} ${value}; fi\n`
  })
  const done = spawnSync('unshare', ['-n', 'sh'], { input: PREPARE + writes.join(''), encoding: 'utf8' })
  expect(done.stderr).toBe('')
  return new Set(done.stdout.split('\n').filter((line) => line !== ''))
}

describe.skipIf(!oracle.available)(
  `the kernel takes what --sysctl takes${oracle.available ? '' : `, ${oracle.why}`}`,
  () => {
    it('the least and the greatest value', () => {
      // How many seconds a kernel takes depends on its ticks; with 1000 of them in a second on the fewest.
      const greatest = (name: SysctlName) =>
        SYSCTLS[name].greatest === Math.floor(0x7fffffff / 100) ? Math.floor(0x7fffffff / 1000) : SYSCTLS[name].greatest
      const asked = names.flatMap((name) => [[name, SYSCTLS[name].least] as const, [name, greatest(name)] as const])
      expect(taken(asked)).toEqual(new Set(asked.map(([name, value]) => `${name} ${value}`)))
    })

    it('and none beyond', () => {
      // It takes any memory for fragments; what is below 0 is not for `--sysctl` at all.
      const counted = names.filter((name) => !name.endsWith('_high_thresh'))
      expect(taken(counted.map((name) => [name, SYSCTLS[name].greatest + 1]))).toEqual(new Set())
    })
  },
)
