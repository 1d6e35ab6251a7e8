import type { Requirements, RuleContext } from '../extension.ts'
import { printProtocol } from './protocols.ts'
import { OtherFamilyRefusal, Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** Checks the requirements that do not depend on chains. Hooks are checked when the whole table is known. */
export function checkRequirements(what: string, needs: Requirements, at: Token, context: RuleContext): void {
  if (needs.family && needs.family !== context.family) {
    throw new OtherFamilyRefusal(
      at,
      `${what} is for ${needs.family === 'ipv4' ? 'IPv4' : 'IPv6'} rules only; take it out of this file`,
    )
  }
  if (needs.tables && !needs.tables.includes(context.table)) {
    throw new Refusal(
      at,
      `${what} cannot be used in the table ${context.table}; it belongs into ${needs.tables.join(' or ')}`,
    )
  }
  if (needs.protocols && !needs.protocols.includes(context.protocol)) {
    const protocols = needs.protocols.map((protocol) => `-p ${printProtocol(protocol)}`).join(' or ')
    throw new Refusal(at, `${what} needs ${protocols} in the same rule`)
  }
}
