import { VERDICT_ACCEPT, VERDICT_DROP, VERDICT_NONE, VERDICT_REJECT } from '../../ruleset/packet/rule-packet.ts'
import type { CompiledRuleset, RuleInfo } from '../../ruleset/ruleset.ts'
import { IP_V6, P_FAMILY, P_PROTOCOL } from '../../wire/packet-fields.ts'
import { CTSTATE_NONE, type Outcome } from '../outcome.ts'

/** A way through the rules: the properties of its packets at the start, and their result. */
export class Way {
  ruleset: CompiledRuleset | null = null
  isV6 = false
  protocol = 0
  /** CTSTATE_ code of its packets. */
  state = 0
  /** They opened connections. */
  opens = false
  /** It began at PREROUTING, where checksums are looked at. */
  arrives = false
  /** HOOK_ number of the main hook, and of the one where packets are dropped, -1 for none. */
  hook = 0
  dropHook = -1
  /** VERDICT_ code, and the rule or policy that stands for it. */
  verdict = VERDICT_ACCEPT
  rule: RuleInfo | null = null
  /** For UNKNOWN: bits 1 << VERDICT_… of the possible verdicts, and what is missing. */
  possibleVerdicts = 0
  unknownText: string | null = null
  /** Its connections exist only on an assumption (AssumedConnections). */
  rests = false
  /** Its connections have been through the nat table. */
  isBound = false

  /** Sets it to the way that led to this outcome. */
  fill(outcome: Outcome, ruleset: CompiledRuleset | null, arrives: boolean, isBound: boolean): void {
    const { fields, base } = outcome
    this.ruleset = ruleset
    this.isV6 = fields[base + P_FAMILY] === IP_V6
    this.protocol = fields[base + P_PROTOCOL]
    this.state = outcome.state
    this.opens = outcome.confirmedNew
    this.arrives = arrives
    this.hook = outcome.hook
    this.dropHook = outcome.dropHook
    this.verdict = outcome.verdict
    this.rule = outcome.rule
    this.possibleVerdicts = outcome.possibleVerdicts
    this.unknownText = outcome.unknownText
    this.rests = outcome.assumesFrame !== 0
    this.isBound = isBound
  }

  copy(): Way {
    return Object.assign(new Way(), this)
  }

  /** Fills in its result in a blank outcome. */
  tell(outcome: Outcome): void {
    outcome.state = this.state
    outcome.confirmedNew = this.opens
    outcome.hook = this.hook
    outcome.dropHook = this.dropHook
    outcome.verdict = this.verdict
    outcome.rule = this.rule
    outcome.possibleVerdicts = this.possibleVerdicts
    outcome.unknownText = this.unknownText
  }

  /** Its packets were certainly accepted, so that only their number needs to be reported. */
  get isBrief(): boolean {
    return this.verdict === VERDICT_ACCEPT && !this.rests
  }
}

/**
 * Whether other packets can take the same way: the packet was tracked, and only rules decided its verdict, without any
 * other effect on its connection.
 * @param isThere its connection existed before, or does now
 */
export function isRepeatable({ state, verdict, rule }: Outcome, isThere: boolean): boolean {
  if (state === CTSTATE_NONE || verdict === VERDICT_NONE) return false
  if (verdict === VERDICT_ACCEPT) return isThere
  if (rule === null) return false
  // A reset closes a connection.
  return isThere ? !rule.rejectsWithReset : isDropped(verdict)
}

export function isDropped(verdict: number): boolean {
  return verdict === VERDICT_DROP || verdict === VERDICT_REJECT
}
