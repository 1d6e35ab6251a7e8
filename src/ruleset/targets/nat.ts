import type { VerdictAction } from '../evaluate/action.ts'
import type { TargetExtension } from '../extension.ts'
import { HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from '../packet/hooks.ts'
import type { NatSpec } from '../packet/nat-spec.ts'
import { VERDICT_ACCEPT } from '../packet/rule-packet.ts'
import { masked, parseHostMask, printAddressMask } from '../text/addresses.ts'
import type { OptionSpec, Options } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { parseNatPorts, parseNatRange, printNatRange } from './nat-range.ts'

const RANDOM: OptionSpec = { name: 'random', values: 0 }
const RANDOM_FULLY: OptionSpec = { name: 'random-fully', values: 0 }
const PERSISTENT: OptionSpec = { name: 'persistent', values: 0 }
const FLAGS = [RANDOM, RANDOM_FULLY, PERSISTENT]
const PORTED = [1, 6, 17, 33, 58, 132, 136]

const NOTHING: NatSpec = {
  kind: 'range',
  minAddress: null,
  maxAddress: null,
  mask: null,
  minPort: -1,
  maxPort: -1,
  basePort: -1,
  persistent: false,
  random: false,
}

/** The targets of the nat table: each ends its chain, and binds the connection of the packet. */
export const NAT_TARGETS: readonly TargetExtension[] = [
  rangeTarget('SNAT', 'to-source', [HOOK_POSTROUTING, HOOK_INPUT], [RANDOM, RANDOM_FULLY, PERSISTENT]),
  rangeTarget('DNAT', 'to-destination', [HOOK_PREROUTING, HOOK_OUTPUT], [RANDOM, PERSISTENT]),
  portsTarget('MASQUERADE', 'masquerade', [HOOK_POSTROUTING], [RANDOM, RANDOM_FULLY]),
  portsTarget('REDIRECT', 'redirect', [HOOK_PREROUTING, HOOK_OUTPUT], [RANDOM]),
  {
    name: 'NETMAP',
    hooks: [HOOK_PREROUTING, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_INPUT],
    tables: ['nat'],
    options: [{ name: 'to' }],
    parse(options, { family }) {
      const token = options.required('to')
      const { address: asWritten, mask } = parseHostMask(token, family)
      const network = { address: masked(asWritten, mask), mask }
      const address = network.address.map((word) => word | 0)
      return {
        print: () => `--to ${printAddressMask(network)}`,
        action: bindAs({
          ...NOTHING,
          kind: 'netmap',
          minAddress: address,
          maxAddress: address,
          mask: network.mask.map((word) => word | 0),
        }),
      }
    },
  },
]

function rangeTarget(
  name: string,
  option: string,
  hooks: readonly number[],
  flags: readonly OptionSpec[],
): TargetExtension {
  return {
    name,
    hooks,
    tables: ['nat'],
    options: [{ name: option }, ...flags],
    parse(options, { family }) {
      const token = options.required(option)
      const protocol = options.get(option)?.protocolBefore ?? 0
      const range = parseNatRange(token, family, name === 'DNAT')
      if (range.minPort >= 0 && !PORTED.includes(protocol)) {
        throw new Refusal(token, `--${option} with a port needs a protocol with ports before it, as -p tcp`)
      }
      return {
        print: () => [`--${option} ${printNatRange(range, family)}`, ...printFlags(options)].join(' '),
        action: bindAs({ ...NOTHING, ...range, persistent: options.has('persistent'), random: isRandom(options) }),
      }
    },
  }
}

function portsTarget(
  name: string,
  kind: NatSpec['kind'],
  hooks: readonly number[],
  flags: readonly OptionSpec[],
): TargetExtension {
  return {
    name,
    hooks,
    tables: ['nat'],
    options: [{ name: 'to-ports' }, ...flags],
    parse(options) {
      const token = options.value('to-ports')
      if (token && !PORTED.includes(options.get('to-ports')?.protocolBefore ?? 0)) {
        throw new Refusal(token, '--to-ports needs a protocol with ports before it, as -p tcp')
      }
      const ports = token ? parseNatPorts(token, token.text) : { minPort: -1, maxPort: -1 }
      const { minPort, maxPort } = ports
      const text = minPort < 0 ? [] : [`--to-ports ${minPort}${maxPort === minPort ? '' : `-${maxPort}`}`]
      return {
        print: () => [...text, ...printFlags(options)].join(' '),
        action: bindAs({ ...NOTHING, ...ports, kind, random: isRandom(options) }),
      }
    },
  }
}

function bindAs(binding: NatSpec): VerdictAction {
  return { kind: 'verdict', verdict: VERDICT_ACCEPT, binding }
}

function isRandom(options: Options): boolean {
  return options.has('random') || options.has('random-fully')
}

function printFlags(options: Options): string[] {
  return FLAGS.filter((flag) => options.has(flag.name)).map((flag) => `--${flag.name}`)
}
