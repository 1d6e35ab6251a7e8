import { CTSTATE_NAMES, type Outcome } from '../netfilter/outcome.ts'
import { HOOK_NAMES } from '../ruleset/packet/hooks.ts'
import { VERDICT_NAMES } from '../ruleset/packet/rule-packet.ts'
import type { RuleInfo } from '../ruleset/ruleset.ts'

const DIRECTION_NAMES = [null, 'original', 'reply'] as const

/** What is the same for all packets with the same label, verdict and rule: the fields `ctstate` to `line`. */
export interface Decision {
  readonly ctstate: string | null
  readonly ctdir: string | null
  readonly hook: string | null
  readonly verdict: string | null
  readonly rule: string | null
  readonly target: string | null
  readonly line: number | null
}

/** The text of each decision, made when the first packet gets that decision; later packets only look it up. */
export class DecisionTexts<T> {
  readonly #make: (decision: Decision) => T
  /** By RuleInfo.id, IPv4 and IPv6 rulesets apart, then by label. */
  readonly #rules4: (T | undefined)[][] = []
  readonly #rules6: (T | undefined)[][] = []
  readonly #withoutRule: (T | undefined)[] = []

  constructor(make: (decision: Decision) => T) {
    this.#make = make
  }

  of(outcome: Outcome): T {
    const { state, direction, hook, verdict, rule } = outcome
    const label =
      ((state * DIRECTION_NAMES.length + direction + 1) * (HOOK_NAMES.length + 1) + hook + 1) * VERDICT_NAMES.length +
      verdict
    const known = rule === null ? this.#withoutRule : this.#ofRule(rule)
    return known[label] ?? this.#remember(known, label, outcome)
  }

  #ofRule(rule: RuleInfo): (T | undefined)[] {
    const rules = rule.family === 'ipv4' ? this.#rules4 : this.#rules6
    while (rules.length <= rule.id) rules.push([])
    return rules[rule.id]
  }

  #remember(known: (T | undefined)[], label: number, outcome: Outcome): T {
    const made = this.#make(decisionOf(outcome))
    while (known.length < label) known.push(undefined)
    known[label] = made
    return made
  }
}

function decisionOf({ state, direction, hook, verdict, rule }: Outcome): Decision {
  return {
    ctstate: CTSTATE_NAMES[state],
    ctdir: DIRECTION_NAMES[direction + 1],
    hook: hook < 0 ? null : HOOK_NAMES[hook],
    verdict: VERDICT_NAMES[verdict],
    rule: rule?.record ?? null,
    target: rule?.target || null,
    line: rule !== null && rule.line > 0 ? rule.line : null,
  }
}
