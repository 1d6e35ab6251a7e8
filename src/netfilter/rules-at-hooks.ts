import { HOOK_INPUT, HOOK_NAMES } from '../ruleset/packet/hooks.ts'
import { type RulePacket, VERDICT_ACCEPT, VERDICT_UNKNOWN } from '../ruleset/packet/rule-packet.ts'
import type { CompiledRuleset, HookTable, RuleInfo } from '../ruleset/ruleset.ts'
import type { Interfaces } from './interfaces.ts'

/** Tables that come before nat at a hook; at INPUT and POSTROUTING all do. */
const BEFORE_NAT = ['mangle']

/**
 * The tables of one family's ruleset by hook. raw and nat are separate: the tracker runs after raw, and nat has its own
 * place.
 */
export class RulesAtHooks {
  /** Rule or policy that ended the filter table in the last run, -1 where that hook has none. */
  filterDecision = -1
  /** No table has rules at any hook. */
  readonly isEmpty: boolean
  /** By hook: whether `runRaw` (or `run`) has any table to run. */
  readonly actsRawAt: readonly boolean[]
  readonly actsAt: readonly boolean[]
  /** The nat table is loaded. */
  readonly hasNat: boolean
  readonly #ruleset: CompiledRuleset | null
  readonly #routes: Interfaces
  /** By number of the reason. */
  readonly #unknownTexts: string[] = []
  readonly #raw: readonly (readonly HookTable[])[]
  readonly #others: readonly (readonly HookTable[])[]
  readonly #beforeNat: readonly (readonly HookTable[])[]
  readonly #afterNat: readonly (readonly HookTable[])[]
  /** The packet's first UNKNOWN verdict, while later tables run. */
  #decidedBy = -1
  #possibleVerdicts = 0
  #unknownReason = -1

  constructor(ruleset: CompiledRuleset | null, routes: Interfaces) {
    this.#ruleset = ruleset
    this.#routes = routes
    this.hasNat = HOOK_NAMES.some((_, hook) => (ruleset?.natAt(hook) ?? null) !== null)
    const tables = HOOK_NAMES.map((_, hook) => ruleset?.tablesAt(hook) ?? [])
    this.#raw = tables.map((atHook) => atHook.filter((one) => one.table === 'raw'))
    this.#others = tables.map((atHook) => atHook.filter((one) => one.table !== 'raw'))
    this.actsRawAt = this.#raw.map((atHook) => atHook.length > 0)
    this.actsAt = this.#others.map((atHook) => atHook.length > 0)
    this.isEmpty = !this.hasNat && !this.actsRawAt.includes(true) && !this.actsAt.includes(true)
    const isBefore = (hook: number, one: HookTable) => hook === HOOK_INPUT || BEFORE_NAT.includes(one.table)
    this.#beforeNat = this.#others.map((atHook, hook) => atHook.filter((one) => isBefore(hook, one)))
    this.#afterNat = this.#others.map((atHook, hook) => atHook.filter((one) => !isBefore(hook, one)))
  }

  runRaw(packet: RulePacket): number {
    return this.#runAll(this.#raw[packet.hook], packet)
  }

  /** Runs all tables after the tracker, except nat. */
  run(packet: RulePacket): number {
    return this.#runAll(this.#others[packet.hook], packet)
  }

  runBeforeNat(packet: RulePacket): number {
    return this.#runAll(this.#beforeNat[packet.hook], packet)
  }

  runAfterNat(packet: RulePacket): number {
    return this.#runAll(this.#afterNat[packet.hook], packet)
  }

  natAt(hook: number): HookTable | null {
    return this.#ruleset?.natAt(hook) ?? null
  }

  /**
   * Runs the tables in order until one does not accept. After an UNKNOWN verdict the later tables run as if it had
   * accepted.
   */
  #runAll(tables: readonly HookTable[], packet: RulePacket): number {
    this.filterDecision = -1
    let verdict = VERDICT_ACCEPT
    for (let i = 0; i < tables.length; i++) {
      const table = tables[i]
      const own = table.run(packet)
      if (own === VERDICT_ACCEPT) {
        if (table.table === 'filter') this.filterDecision = packet.decidedBy
      } else if (own !== VERDICT_UNKNOWN) return own
      else if (verdict !== VERDICT_UNKNOWN) {
        verdict = VERDICT_UNKNOWN
        this.#keepUnknown(packet)
      }
    }
    if (verdict === VERDICT_UNKNOWN) this.#restoreUnknown(packet)
    return verdict
  }

  #keepUnknown(packet: RulePacket): void {
    this.#decidedBy = packet.decidedBy
    this.#possibleVerdicts = packet.possibleVerdicts
    this.#unknownReason = packet.unknownReason
  }

  #restoreUnknown(packet: RulePacket): void {
    packet.decidedBy = this.#decidedBy
    packet.possibleVerdicts = this.#possibleVerdicts
    packet.unknownReason = this.#unknownReason
  }

  info(ruleId: number): RuleInfo | null {
    return this.#ruleset?.rules[ruleId] ?? null
  }

  /** What is missing, by number of the reason. */
  unknownText(index: number): string | null {
    if (index < 0 || this.#ruleset === null) return null
    this.#unknownTexts[index] ??= this.#routes.whyUnknown(this.#ruleset.unknownReason(index), this.#ruleset.family)
    return this.#unknownTexts[index]
  }
}
