import { type Condition, isBetween } from '../evaluate/condition.ts'
import { type NumberRange, printRange } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { parseAnyPortRange, parsePortRange } from '../text/ports.ts'

/** The conditions of `--sport` and `--dport` of tcp and udp. Keeps no reference to the words of the rule. */
export class PortPair {
  readonly #sources: NumberRange | null
  readonly #destinations: NumberRange | null
  readonly #otherSources: boolean
  readonly #otherDestinations: boolean

  constructor(options: Options) {
    this.#sources = portRange(options, 'source-port')
    this.#destinations = portRange(options, 'destination-port')
    this.#otherSources = options.negated('source-port')
    this.#otherDestinations = options.negated('destination-port')
  }

  /** The options as iptables-save prints them; '' for absent ones. */
  print(): string[] {
    return [
      printSomePorts('sport', this.#sources, this.#otherSources),
      printSomePorts('dport', this.#destinations, this.#otherDestinations),
    ]
  }

  addConditions(conditions: Condition[]): void {
    if (this.#sources) conditions.push(isBetween('sourcePort', this.#sources, this.#otherSources))
    if (this.#destinations) conditions.push(isBetween('destinationPort', this.#destinations, this.#otherDestinations))
  }
}

/** A range of ports; all ports count as no option, unless negated. */
function portRange(options: Options, name: string): NumberRange | null {
  const token = options.value(name)
  if (!token) return null
  const range = options.owner === 'udp' ? parseAnyPortRange(token) : parsePortRange(token, options.owner)
  return range.low === 0 && range.high === 65535 && !options.negated(name) ? null : range
}

export function printPorts(name: string, range: NumberRange | null, negated: boolean): string {
  return range ? printOption(name, printRange(range), negated) : ''
}

/** The option as iptables-save prints it, which leaves out all ports, even negated. */
function printSomePorts(name: string, range: NumberRange | null, negated: boolean): string {
  return range?.low === 0 && range.high === 0xffff ? '' : printPorts(name, range, negated)
}
