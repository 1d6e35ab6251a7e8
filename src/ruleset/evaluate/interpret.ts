import type { RulePacket } from '../rule-packet.ts'
import type { CallContext } from './condition.ts'
import type { Program, ProgramChain, ProgramRule } from './program.ts'
import { type Runtime, slotOf } from './runtime.ts'
import { makeCheck } from './three-valued.ts'
import { type FindCandidates, type InterpretedChain, type InterpretedRule, type Recorder, Walk } from './walk.ts'
import type { Position, World } from './world.ts'

/**
 * The exact evaluator: three values, and every world that is possible at once. Slow; it takes over where compiled code
 * met something unknown, and tells stories.
 *
 * A counter advances only for a rule that certainly matched.
 */
export class Interpreter {
  readonly #program: Program
  readonly #runtime: Runtime
  readonly #context: CallContext
  readonly #reasonIndex: (text: string) => number
  readonly #hasEdits: boolean
  readonly #chains: readonly InterpretedChain[]
  /** Chains with rules, by the ids of these. */
  readonly #byFirstId: readonly ProgramChain[]
  #findCandidates: FindCandidates | null = null

  /** @param reasonIndex where a text stands among the ruleset's reasons */
  constructor(program: Program, runtime: Runtime, context: CallContext, reasonIndex: (text: string) => number) {
    this.#program = program
    this.#runtime = runtime
    this.#context = context
    this.#reasonIndex = reasonIndex
    this.#hasEdits = program.chains.some(({ rules }) => rules.some(({ action }) => action.kind === 'edit'))
    this.#chains = program.chains.map((chain) => this.#prepare(chain))
    this.#byFirstId = program.chains
      .filter(({ rules }) => rules.length > 0)
      .toSorted((one, other) => one.rules[0].id - other.rules[0].id)
  }

  /** Lets walks pass by the rules that a packet certainly does not match. */
  skipWith(findCandidates: FindCandidates): void {
    this.#findCandidates = findCandidates
  }

  /** Rules are made ready when a packet first meets them: most replays never meet anything unknown. */
  #prepare({ policy, rules }: ProgramChain): InterpretedChain {
    const ready: (InterpretedRule | undefined)[] = []
    return {
      policy,
      length: rules.length,
      rule: (at) => {
        let rule = ready[at]
        if (rule === undefined) {
          rule = this.#prepareRule(rules[at])
          ready[at] = rule
        }
        return rule
      },
    }
  }

  #prepareRule({ id, checks, action, target }: ProgramRule): InterpretedRule {
    const { assume } = this.#program
    const runtime = this.#runtime
    const context = this.#context
    if (action.kind === 'effect') slotOf(action, runtime, context)
    const made = checks.map(({ match, condition }) => makeCheck(match, condition, assume.get(match), runtime, context))
    return { id, checks: made, action, target }
  }

  /** The whole walk from the start of a base chain. A recorder is told of every rule. */
  run(packet: RulePacket, baseChain: number, recorder?: Recorder): number {
    return this.#walk(packet, baseChain, { chain: baseChain, at: 0 }, [], recorder)
  }

  /** Goes on where the compiled code stopped (Runtime.trail). */
  resume(packet: RulePacket, baseChain: number): number {
    const { trail } = this.#runtime
    const frames: Position[] = []
    for (let index = trail.length - 1; index > 0; index--) frames.push(this.#position(trail.ruleIds[index]))
    return this.#walk(packet, baseChain, this.#position(trail.ruleIds[0]), frames)
  }

  #walk(
    packet: RulePacket,
    baseChain: number,
    position: Position,
    frames: readonly Position[],
    recorder?: Recorder,
  ): number {
    const candidates = recorder ? null : this.#findCandidates
    const start = this.#world(packet, position, frames)
    const walk = new Walk(this.#chains, this.#runtime, this.#reasonIndex, packet, baseChain, candidates, recorder)
    return walk.run(start)
  }

  #position(ruleId: number): Position {
    const chains = this.#byFirstId
    let low = 0
    let high = chains.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (chains[middle].rules[0].id <= ruleId) low = middle
      else high = middle - 1
    }
    const { index, rules } = chains[low]
    return { chain: index, at: ruleId - rules[0].id }
  }

  #world(packet: RulePacket, position: Position, frames: readonly Position[]): World {
    const { connection, connections } = packet
    return {
      ...position,
      frames,
      mark: packet.mark,
      unknownMark: packet.unknownMark,
      connectionMark: connection < 0 ? 0 : connections.mark(connection),
      uncertainConnectionMark: this.#runtime.uncertainMarks.has(connections, connection),
      tracking: packet.tracking,
      edits: this.#hasEdits ? packet.edits.save(packet) : null,
      guesses: 0,
    }
  }
}
