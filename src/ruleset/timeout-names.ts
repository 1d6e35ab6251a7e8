import { PROTO_GENERIC, TIMEOUT_STATES, type TimeoutPolicies, type TimeoutPolicy } from '../conntrack/timeout-policy.ts'
import { IP_V4, IP_V6 } from '../wire/packet-fields.ts'
import { allRules } from './all-rules.ts'
import { TIMEOUTS_MAX } from './packet/tracking.ts'
import type { ParsedRuleset } from './rule.ts'
import { type LocatedError, RulesetError } from './text/ruleset-error.ts'

/** Names of timeout policies in the rules of both families, numbered from 1, as the tracker numbers policies. */
export class TimeoutNames {
  readonly #names: string[] = []

  /** @throws RangeError where there are too many */
  numberOf(name: string): number {
    const index = this.#names.indexOf(name)
    if (index >= 0) return index + 1
    if (this.#names.length === TIMEOUTS_MAX) {
      throw new RangeError(`the rules name more than ${TIMEOUTS_MAX} timeout policies; leave some out`)
    }
    return this.#names.push(name)
  }

  /** The policies by number; null for unknown ones. */
  policies(known: readonly TimeoutPolicy[]): TimeoutPolicies {
    return this.#names.map((name) => known.find((policy) => policy.name === name) ?? null)
  }
}

/**
 * Refuses what iptables-restore refuses: policies that do not exist, or belong to another family or protocol.
 * @throws RulesetError
 */
export function checkTimeouts(parsed: ParsedRuleset, policies: readonly TimeoutPolicy[]): void {
  const errors: LocatedError[] = []
  const family = parsed.family === 'ipv4' ? IP_V4 : IP_V6
  for (const { header, target } of allRules(parsed)) {
    const timeout = target?.target.timeout
    if (timeout === undefined) continue
    const text = fault(
      timeout.text,
      policies.find(({ name }) => name === timeout.text),
      family,
      header.protocol?.value ?? 0,
    )
    if (text !== null) errors.push({ file: parsed.file, line: timeout.line, column: timeout.column, text })
  }
  if (errors.length > 0) throw new RulesetError(errors)
}

function fault(name: string, policy: TimeoutPolicy | undefined, family: number, protocol: number): string | null {
  if (policy === undefined) return `there is no timeout policy "${name}" in --timeout-policies; add it there`
  if (policy.family !== family)
    return `the timeout policy "${name}" is for ${policy.family === IP_V4 ? 'IPv4' : 'IPv6'}`
  const tracked = TIMEOUT_STATES.has(protocol) ? protocol : PROTO_GENERIC
  return policy.protocol === tracked ? null : `the timeout policy "${name}" is for another protocol than that of -p`
}

/** Names in the order of the rules, each once. */
export function timeoutNamesIn(parsed: ParsedRuleset): readonly string[] {
  return [...new Set(allRules(parsed).flatMap(({ target }) => target?.target.timeout?.text ?? []))]
}
