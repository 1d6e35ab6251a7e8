import type { TargetExtension } from '../extension.ts'
import { HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from '../rule-packet.ts'
import type { OptionSpec } from '../text/options.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

const RANDOM: OptionSpec = { name: 'random', values: 0 }
const RANDOM_FULLY: OptionSpec = { name: 'random-fully', values: 0 }
const PERSISTENT: OptionSpec = { name: 'persistent', values: 0 }
const PORTED = [6, 17, 33, 132, 136]

/** Targets of the nat table: read and printed, but the table is not applied. */
export const NAT_TARGETS: readonly TargetExtension[] = [
  natTarget(
    'SNAT',
    [HOOK_POSTROUTING, HOOK_INPUT],
    [{ name: 'to-source' }, RANDOM, RANDOM_FULLY, PERSISTENT],
    'to-source',
  ),
  natTarget('DNAT', [HOOK_PREROUTING, HOOK_OUTPUT], [{ name: 'to-destination' }, RANDOM, PERSISTENT], 'to-destination'),
  natTarget('MASQUERADE', [HOOK_POSTROUTING], [{ name: 'to-ports' }, RANDOM, RANDOM_FULLY], null),
  natTarget('REDIRECT', [HOOK_PREROUTING, HOOK_OUTPUT], [{ name: 'to-ports' }, RANDOM], null),
  natTarget('NETMAP', [HOOK_PREROUTING, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_INPUT], [{ name: 'to' }], 'to'),
]

function natTarget(
  name: string,
  hooks: readonly number[],
  specs: readonly OptionSpec[],
  required: string | null,
): TargetExtension {
  return {
    name,
    hooks,
    tables: ['nat'],
    options: specs,
    parse(options, { protocol }) {
      if (required !== null) options.required(required)
      const ports = options.get('to-ports')
      if (ports && !PORTED.includes(protocol)) {
        throw new Refusal(ports.at, `--to-ports needs a protocol with ports in the same rule, as -p tcp`)
      }
      return {
        print: () =>
          specs
            .filter((spec) => options.has(spec.name))
            .map((spec) => printOption(spec.name, options.value(spec.name)?.text ?? ''))
            .join(' '),
        action: { kind: 'continue' },
      }
    },
  }
}
