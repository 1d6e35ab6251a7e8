import type { RuleHeader } from '../rule.ts'
import type { AddressMask } from './addresses.ts'
import type { HeaderOptions } from './header-options.ts'

/** The headers of the rules of one line: `-s a,b -d c,d` makes four. */
export function headersOf(options: HeaderOptions): RuleHeader[] {
  const { sources, destinations } = options
  if (sources.length < 2 && destinations.length < 2) {
    return [headerOf(options, sources[0] ?? null, destinations[0] ?? null)]
  }
  const each = <Value>(list: Value[]): (Value | null)[] => (list.length === 0 ? [null] : list)
  return each(sources).flatMap((source) =>
    each(destinations).map((destination) => headerOf(options, source, destination)),
  )
}

function headerOf(options: HeaderOptions, source: AddressMask | null, destination: AddressMask | null): RuleHeader {
  return {
    source: addressOf(source, options.sourceNegated),
    destination: addressOf(destination, options.destinationNegated),
    inInterface: options.inInterface,
    outInterface: options.outInterface,
    protocol: options.protocol,
    fragment: options.fragment,
  }
}

/** An address option that matches every address counts as absent, unless negated. */
function addressOf(value: AddressMask | null, negated: boolean): RuleHeader['source'] {
  return value && (negated || value.mask.some((word) => word !== 0)) ? { value, negated } : null
}
