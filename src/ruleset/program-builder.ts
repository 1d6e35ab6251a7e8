import { targetChain } from './check-table.ts'
import { partsEditedWithin } from './edited-parts.ts'
import type { Action } from './evaluate/action.ts'
import type { CallContext } from './evaluate/condition.ts'
import { remembers } from './evaluate/condition-effects.ts'
import type { Program, ProgramChain, ProgramCheck, ProgramRule } from './evaluate/program.ts'
import type { Match } from './extension.ts'
import { HeaderChecks } from './header-conditions.ts'
import { VERDICT_ACCEPT, VERDICT_DROP } from './packet/rule-packet.ts'
import { withTimeout } from './packet/tracking.ts'
import type { Rule, RuleMatch, RuleTarget, Table } from './rule.ts'
import { TimeoutNames } from './timeout-names.ts'

/** Builds programs, which can be evaluated, from tables of iptables. */
export class ProgramBuilder {
  readonly #context: CallContext
  readonly #assume: ReadonlyMap<string, boolean>
  readonly #firstId: ReadonlyMap<string, number>
  readonly #headers: HeaderChecks
  /**
   * Checks of matches that several rules share. Such matches have no memory, so their conditions can be shared, too.
   */
  readonly #shared = new Map<Match, readonly ProgramCheck[]>()

  /** @param firstId by `table:chain`, the id of the first rule; the policy's stands after the last */
  constructor(context: CallContext, assume: ReadonlyMap<string, boolean>, firstId: ReadonlyMap<string, number>) {
    this.#context = context
    this.#assume = assume
    this.#headers = new HeaderChecks(context.family)
    this.#firstId = firstId
  }

  program(table: Table): Program {
    const indexOf = new Map(table.chains.map((chain, index) => [chain.name, index]))
    const chains = table.chains.map((chain, index): ProgramChain => {
      const first = this.#firstId.get(`${table.name}:${chain.name}`) ?? 0
      const policy: ProgramChain['policy'] = chain.policy && {
        id: first + chain.rules.length,
        verdict: chain.policy === 'ACCEPT' ? VERDICT_ACCEPT : VERDICT_DROP,
      }
      return {
        name: chain.name,
        index,
        policy,
        rules: chain.rules.map((rule, at) => this.#rule(rule, first + at, indexOf)),
      }
    })
    return {
      chains,
      environment: this.#context.environment,
      editedParts: partsEditedWithin(table),
      assume: this.#assume,
    }
  }

  #rule(rule: Rule, id: number, indexOf: ReadonlyMap<string, number>): ProgramRule {
    const checks = this.#headers.of(rule.header)
    const { matches } = rule
    for (let at = 0; at < matches.length; at++) {
      const added = this.#checks(matches[at])
      for (let check = 0; check < added.length; check++) checks.push(added[check])
    }
    const target = targetChain(rule)
    return {
      id,
      // A copy of the exact length: an array that grew takes more memory.
      checks: checks.slice(),
      action: rule.target ? this.#action(rule.target, rule.header.protocol?.value ?? 0) : { kind: 'continue' },
      target: target === null ? -1 : (indexOf.get(target) ?? -1),
    }
  }

  #action(target: RuleTarget, protocol: number): Action {
    const action = settled(target, this.#assume)
    const { timeout } = target.target
    if (action.kind !== 'track' || timeout === undefined) return action
    const { memory, family } = this.#context
    const names = memory.shared(TimeoutNames, '', () => new TimeoutNames([]))
    return { kind: 'track', tracking: withTimeout(action.tracking, names.numberOf(timeout.text, family, protocol)) }
  }

  #checks({ name, match, isShared }: RuleMatch): readonly ProgramCheck[] {
    const known = isShared ? this.#shared.get(match) : undefined
    if (known) return known
    const checks = match.conditions(this.#context).map((condition) => ({ match: name, condition }))
    if (isShared && !checks.some(({ condition }) => remembers(condition))) this.#shared.set(match, checks)
    return checks
  }
}

/**
 * An action that is decided elsewhere (by a program that reads a queue), as settled by `assume`: true for ACCEPT, false
 * for DROP.
 */
function settled({ name, target }: RuleTarget, assume: ReadonlyMap<string, boolean>): Action {
  const accepted = assume.get(name)
  if (target.action.kind !== 'undecided' || accepted === undefined) return target.action
  if (accepted && target.action.accepted) return target.action.accepted
  return { kind: 'verdict', verdict: accepted ? VERDICT_ACCEPT : VERDICT_DROP }
}
