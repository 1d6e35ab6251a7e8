import { equals, isBetween, never } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { Family } from '../packet/rule-environment.ts'
import { parseNumber } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

export const ttl: MatchExtension = hops('ttl', 'ipv4')
export const hl: MatchExtension = hops('hl', 'ipv6')

/** The same match under the names of both families. */
function hops(name: string, family: Family): MatchExtension {
  const [eq, lt, gt] = [`${name}-eq`, `${name}-lt`, `${name}-gt`]
  return {
    name,
    family,
    options: [{ name: eq, aliases: [name], negatable: true }, { name: lt }, { name: gt }],
    parse(options) {
      const use = options.oneOf([eq, lt, gt])
      if (!use) throw new Refusal(options.at, `${name} needs --${eq}, --${lt} or --${gt}`)
      const value = parseNumber(use.values[0], 0, 255, name === 'ttl' ? 'TTL' : 'hop limit')
      return {
        print: () => printOption(use.spec.name, `${value}`, use.negated),
        conditions: () => {
          if (use.spec.name === eq) return [equals('ttl', value, use.negated)]
          const range = use.spec.name === lt ? { low: 0, high: value - 1 } : { low: value + 1, high: 255 }
          return [range.low > range.high ? never() : isBetween('ttl', range)]
        },
      }
    },
  }
}
