import { always, type Condition, equals, hotdropWhen, inNetwork, isIn, never } from './evaluate/condition.ts'
import type { ProgramCheck } from './evaluate/program.ts'
import type { Negatable, RuleHeader } from './rule.ts'
import type { Family } from './ruleset.ts'

/** Names of what a header asks, for `assume` and for explanations. */
const SOURCE = 'source'
const DESTINATION = 'destination'
const IN_INTERFACE = 'in-interface'
const OUT_INTERFACE = 'out-interface'
const PROTOCOL = 'protocol'
const FRAGMENT = 'fragment'

export const HEADER_CHECKS: readonly string[] = [SOURCE, DESTINATION, IN_INTERFACE, OUT_INTERFACE, PROTOCOL, FRAGMENT]

/** `-s -d -i -o -p -f`, in the order in which the kernel looks at them. */
export function headerChecks(header: RuleHeader, family: Family): ProgramCheck[] {
  const checks: ProgramCheck[] = []
  const add = (match: string, condition: Condition): void => {
    checks.push({ match, condition })
  }
  const { source, destination, inInterface, outInterface, protocol, fragment } = header
  if (source) add(SOURCE, inNetwork('source', source.value, source.negated))
  if (destination) add(DESTINATION, inNetwork('destination', destination.value, destination.negated))
  if (inInterface) add(IN_INTERFACE, interfaceCondition('inInterface', inInterface))
  if (outInterface) add(OUT_INTERFACE, interfaceCondition('outInterface', outInterface))
  if (protocol) {
    // ip6_tables drops what it cannot find the transport header of, as soon as a rule asks for the protocol.
    if (family === 'ipv6') add(PROTOCOL, hotdropWhen(equals('protocol', -1)))
    add(PROTOCOL, equals('protocol', protocol.value, protocol.negated))
  }
  if (fragment) add(FRAGMENT, isIn('fragmentOffset', [{ low: 1, high: 8191 }], fragment.negated))
  return checks
}

function interfaceCondition(field: 'inInterface' | 'outInterface', asked: Negatable<string>): Condition {
  const prefix = asked.value.endsWith('+')
  const name = prefix ? asked.value.slice(0, -1) : asked.value
  if (name === '') return asked.negated ? never() : always()
  return { kind: 'name', field, name, prefix, negated: asked.negated }
}

/** True for a rule that asks nothing at all. */
export function asksNothing(header: RuleHeader): boolean {
  return Object.values(header).every((asked) => asked === null)
}
