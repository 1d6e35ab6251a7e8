import type { TargetExtension } from '../extension.ts'
import { setTtl } from '../packet/header-edits.ts'
import { PART_TTL, visibleTtl } from '../packet/packet-edits.ts'
import type { Family } from '../packet/rule-environment.ts'
import { parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'

export const ttl: TargetExtension = hops('TTL', 'ttl', 'ipv4')
export const hl: TargetExtension = hops('HL', 'hl', 'ipv6')

/** The same target under the names of both families. */
function hops(name: string, prefix: string, family: Family): TargetExtension {
  const [set, decrease, increase] = [`${prefix}-set`, `${prefix}-dec`, `${prefix}-inc`]
  return {
    name,
    family,
    tables: ['mangle'],
    options: [{ name: set }, { name: decrease }, { name: increase }],
    parse(options) {
      const use = options.oneOf([set, decrease, increase])
      if (!use) throw new Refusal(options.at, `${name} needs --${set}, --${decrease} or --${increase}`)
      const how = use.spec.name
      const value = parseNumber(use.values[0], how === set ? 0 : 1, 255, how === set ? 'TTL' : 'number of hops')
      return {
        print: () => `--${how} ${value}`,
        action: {
          kind: 'edit',
          parts: PART_TTL,
          edit(packet) {
            const old = visibleTtl(packet)
            if (how === set) setTtl(packet, value)
            else setTtl(packet, how === increase ? Math.min(255, old + value) : Math.max(0, old - value))
            return 0
          },
        },
      }
    },
  }
}
