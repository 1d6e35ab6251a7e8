import type { TargetExtension } from '../extension.ts'
import type { OptionSpec } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** Targets that the kernel no longer has. iptables-restore refuses them; we do, too, and name the replacement. */
export const clusterip: TargetExtension = gone(
  'CLUSTERIP',
  ['hashmode', 'clustermac', 'total-nodes', 'local-node', 'hash-init'].map((name) => ({ name })),
  'use -m cluster',
)
export const ulog: TargetExtension = gone(
  'ULOG',
  ['ulog-nlgroup', 'ulog-prefix', 'ulog-cprange', 'ulog-qthreshold'].map((name) => ({ name })),
  'use NFLOG',
)

function gone(name: string, options: readonly OptionSpec[], instead: string): TargetExtension {
  return {
    name,
    family: 'ipv4',
    options: [...options, { name: 'new', values: 0 }],
    parse(given) {
      throw new Refusal(given.at, `the target ${name} has left the kernel; ${instead}`)
    },
  }
}
