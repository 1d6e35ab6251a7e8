import { PROTO_GENERIC, TIMEOUT_STATES, type TimeoutPolicies, type TimeoutPolicy } from '../conntrack/timeout-policy.ts'
import { IP_V4, IP_V6 } from '../wire/packet-fields.ts'
import { allRules } from './all-rules.ts'
import type { Family } from './packet/rule-environment.ts'
import { TIMEOUTS_MAX } from './packet/tracking.ts'
import type { ParsedRuleset } from './rule.ts'
import { type LocatedError, RulesetError } from './text/ruleset-error.ts'

/**
 * Characters of a policy's name that iptables-save prints, since the kernel hands back no more of it (oracle: a rule
 * with `--timeout short` is saved as `--timeout shor`).
 */
const SAVED_LENGTH = 4

/** Names of timeout policies in the rules of both families, numbered from 1, as the tracker numbers policies. */
export class TimeoutNames {
  readonly #known: readonly TimeoutPolicy[]
  readonly #names: string[] = []

  constructor(known: readonly TimeoutPolicy[]) {
    this.#known = known
  }

  /**
   * @param asked as a rule for this family and protocol names it
   * @throws RangeError where there are too many
   */
  numberOf(asked: string, family: Family, protocol: number): number {
    const named = policiesNamed(asked, this.#known)
    const name = (named.find((policy) => suits(policy, family, protocol)) ?? named.at(0))?.name ?? asked
    const index = this.#names.indexOf(name)
    if (index >= 0) return index + 1
    if (this.#names.length === TIMEOUTS_MAX) {
      throw new RangeError(`the rules name more than ${TIMEOUTS_MAX} timeout policies; leave some out`)
    }
    return this.#names.push(name)
  }

  /** The policies by number; null for unknown ones. */
  policies(): TimeoutPolicies {
    return this.#names.map((name) => this.#known.find((policy) => policy.name === name) ?? null)
  }
}

/**
 * Refuses what iptables-restore refuses: policies that do not exist, or belong to another family or protocol.
 * @throws RulesetError
 */
export function checkTimeouts(parsed: ParsedRuleset, policies: readonly TimeoutPolicy[]): void {
  const errors: LocatedError[] = []
  for (const { header, target } of allRules(parsed)) {
    const timeout = target?.target.timeout
    if (timeout === undefined) continue
    const named = policiesNamed(timeout.text, policies)
    const text = fault(timeout.text, named, parsed.family, header.protocol?.value ?? 0)
    if (text !== null) errors.push({ file: parsed.file, line: timeout.line, column: timeout.column, text })
  }
  if (errors.length > 0) throw new RulesetError(errors)
}

/** The policy of this name, or those whose saved name it is. */
function policiesNamed(name: string, policies: readonly TimeoutPolicy[]): readonly TimeoutPolicy[] {
  const exact = policies.filter((policy) => policy.name === name)
  if (exact.length > 0 || name.length !== SAVED_LENGTH) return exact
  return policies.filter((policy) => policy.name.startsWith(name))
}

function fault(name: string, named: readonly TimeoutPolicy[], family: Family, protocol: number): string | null {
  const suitable = named.filter((policy) => suits(policy, family, protocol))
  if (suitable.length === 1) return null
  if (suitable.length > 1) {
    const names = suitable.map((policy) => policy.name).join(', ')
    return `"${name}" may be any of the timeout policies ${names}, as iptables-save prints no more of a name; write it whole`
  }
  const policy = named.find((one) => isOf(one, family)) ?? named.at(0)
  if (policy === undefined) return `there is no timeout policy "${name}" in --timeout-policies; add it there`
  return isOf(policy, family)
    ? `the timeout policy "${policy.name}" is for another protocol than that of -p`
    : `the timeout policy "${policy.name}" is for ${policy.family === IP_V4 ? 'IPv4' : 'IPv6'}`
}

function suits(policy: TimeoutPolicy, family: Family, protocol: number): boolean {
  const tracked = TIMEOUT_STATES.has(protocol) ? protocol : PROTO_GENERIC
  return isOf(policy, family) && policy.protocol === tracked
}

function isOf(policy: TimeoutPolicy, family: Family): boolean {
  return policy.family === (family === 'ipv4' ? IP_V4 : IP_V6)
}

/** Names in the order of the rules, each once. */
export function timeoutNamesIn(parsed: ParsedRuleset): readonly string[] {
  return [...new Set(allRules(parsed).flatMap(({ target }) => target?.target.timeout?.text ?? []))]
}
