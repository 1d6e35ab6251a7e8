import {
  always,
  type Condition,
  equals,
  hotdropWhen,
  inNetwork,
  isIn,
  type NameCondition,
  never,
} from './evaluate/condition.ts'
import type { ProgramCheck } from './evaluate/program.ts'
import type { Family } from './packet/rule-environment.ts'
import type { Negatable, RuleHeader } from './rule.ts'

/** Names of the options of a header, for `assume` and for explanations. */
const SOURCE = 'source'
const DESTINATION = 'destination'
const IN_INTERFACE = 'in-interface'
const OUT_INTERFACE = 'out-interface'
const PROTOCOL = 'protocol'
const FRAGMENT = 'fragment'

/** The options of headers as checks. Rules with the same option and value share one check. */
export class HeaderChecks {
  readonly #family: Family
  readonly #protocols = new Map<number, readonly ProgramCheck[]>()
  readonly #interfaces = new Map<string, ProgramCheck>()

  constructor(family: Family) {
    this.#family = family
  }

  /** The checks of a header, in the order in which the kernel evaluates `-s -d -i -o -p -f`. */
  of(header: RuleHeader): ProgramCheck[] {
    const checks: ProgramCheck[] = []
    const { source, destination, inInterface, outInterface, protocol, fragment } = header
    if (source) checks.push({ match: SOURCE, condition: inNetwork('source', source.value, source.negated) })
    if (destination) {
      checks.push({ match: DESTINATION, condition: inNetwork('destination', destination.value, destination.negated) })
    }
    if (inInterface) checks.push(this.#interface(IN_INTERFACE, 'inInterface', inInterface))
    if (outInterface) checks.push(this.#interface(OUT_INTERFACE, 'outInterface', outInterface))
    if (protocol) for (const check of this.#protocol(protocol)) checks.push(check)
    if (fragment) {
      checks.push({ match: FRAGMENT, condition: isIn('fragmentOffset', [{ low: 1, high: 8191 }], fragment.negated) })
    }
    return checks
  }

  #interface(match: string, field: NameCondition['field'], asked: Negatable<string>): ProgramCheck {
    const key = `${field} ${asked.negated} ${asked.value}`
    let check = this.#interfaces.get(key)
    if (check === undefined) {
      check = { match, condition: interfaceCondition(field, asked) }
      this.#interfaces.set(key, check)
    }
    return check
  }

  #protocol({ value, negated }: Negatable<number>): readonly ProgramCheck[] {
    const key = negated ? -value : value
    let checks = this.#protocols.get(key)
    if (checks === undefined) {
      const asked = [equals('protocol', value, negated)]
      // ip6_tables drops a packet without a transport header as soon as a rule asks for the protocol.
      const first = this.#family === 'ipv6' ? [hotdropWhen(equals('protocol', -1))] : []
      checks = [...first, ...asked].map((condition) => ({ match: PROTOCOL, condition }))
      this.#protocols.set(key, checks)
    }
    return checks
  }
}

function interfaceCondition(field: NameCondition['field'], asked: Negatable<string>): Condition {
  const prefix = asked.value.endsWith('+')
  const name = prefix ? asked.value.slice(0, -1) : asked.value
  if (name === '') return asked.negated ? never() : always()
  return { kind: 'name', field, name, prefix, negated: asked.negated }
}

/** True for a header without any condition. */
export function asksNothing(header: RuleHeader): boolean {
  return Object.values(header).every((asked) => asked === null)
}
