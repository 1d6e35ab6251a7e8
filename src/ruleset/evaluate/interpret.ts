import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import type { RulePacket } from '../rule-packet.ts'
import type { CallContext } from './condition.ts'
import { PacketClasses } from './packet-classes.ts'
import type { Program, ProgramChain, ProgramRule } from './program.ts'
import { Reachable } from './reachable.ts'
import { type Runtime, slotOf } from './runtime.ts'
import { flagsAsked, isSteadyAction } from './steadiness.ts'
import { makeCheck } from './three-valued.ts'
import { type FindCandidates, type InterpretedChain, type InterpretedRule, type Recorder, Walk } from './walk.ts'
import { WalkMemory } from './walk-memory.ts'
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
  readonly #reachable: Reachable
  readonly #chains: readonly InterpretedChain[]
  /** Chains with rules, by the ids of these. */
  readonly #byFirstId: readonly ProgramChain[]
  #findCandidates: FindCandidates | null = null
  /** Null where rules ask what cannot be divided into classes; undefined until it is needed. */
  #memory: WalkMemory | null | undefined = undefined

  /** @param reasonIndex where a text stands among the ruleset's reasons */
  constructor(program: Program, runtime: Runtime, context: CallContext, reasonIndex: (text: string) => number) {
    this.#program = program
    this.#runtime = runtime
    this.#context = context
    this.#reasonIndex = reasonIndex
    this.#hasEdits = program.chains.some(({ rules }) => rules.some(({ action }) => action.kind === 'edit'))
    this.#reachable = new Reachable(program)
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
    const isActionSteady = action.kind === 'undecided' ? action.accepted === undefined : isSteadyAction(action)
    return { id, checks: made, action, isActionSteady, target }
  }

  /** The whole walk from the start of a base chain. A recorder is told of every rule. */
  run(packet: RulePacket, baseChain: number, recorder?: Recorder): number {
    const start = { chain: baseChain, at: 0 }
    if (!recorder) return this.#answer(packet, baseChain, () => this.#walkFrom(packet, baseChain, start, []))
    return this.#walkFrom(packet, baseChain, start, [], recorder).verdict
  }

  /** Goes on where the compiled code stopped (Runtime.trail). */
  resume(packet: RulePacket, baseChain: number): number {
    return this.#answer(packet, baseChain, () => {
      const { trail } = this.#runtime
      const frames: Position[] = []
      for (let index = trail.length - 1; index > 0; index--) frames.push(this.#position(trail.ruleIds[index]))
      return this.#walkFrom(packet, baseChain, this.#position(trail.ruleIds[0]), frames)
    })
  }

  /** What another packet was answered that rules cannot tell apart from this one, or what a walk says. */
  #answer(packet: RulePacket, baseChain: number, walk: () => Walk): number {
    const memory = packet.steady ? this.#memoryFor(packet) : null
    packet.steady = false
    const known = memory?.find(packet, baseChain)
    if (known) {
      packet.decidedBy = known.decidedBy
      packet.possibleVerdicts = known.possibleVerdicts
      packet.unknownReason = known.unknownReason
      packet.mark = known.mark
      packet.unknownMark = known.unknownMark
      for (const ruleId of known.counted) this.#count(ruleId, packet)
      return known.verdict
    }
    const { verdict, isSteady, counted } = walk()
    if (memory && isSteady) {
      const { decidedBy, possibleVerdicts, unknownReason, mark, unknownMark } = packet
      memory.keep({ verdict, decidedBy, possibleVerdicts, unknownReason, mark, unknownMark, counted })
    }
    return verdict
  }

  #memoryFor(packet: RulePacket): WalkMemory | null {
    if (this.#memory === undefined) {
      const classes = PacketClasses.of([this.#program])
      const tests = classes?.calls.map((call) => this.#runtime.pure[slotOf(call, this.#runtime, this.#context)])
      this.#memory = classes && new WalkMemory(classes, tests ?? [], flagsAsked(this.#program))
    }
    return this.#memory?.isFor(packet) === true ? this.#memory : null
  }

  #count(ruleId: number, { fields, base }: RulePacket): void {
    const { counters } = this.#runtime
    counters[2 * ruleId] += 1
    counters[2 * ruleId + 1] += fields[base + P_L3_LENGTH]
  }

  /** A recorder is told of the rules, too, that the packet certainly does not match. */
  #walkFrom(
    packet: RulePacket,
    baseChain: number,
    position: Position,
    frames: readonly Position[],
    recorder?: Recorder,
  ): Walk {
    const walk = new Walk(
      this.#chains,
      this.#runtime,
      this.#reasonIndex,
      packet,
      baseChain,
      this.#reachable,
      recorder === undefined ? this.#findCandidates : null,
      recorder,
    )
    walk.run(this.#world(packet, position, frames))
    return walk
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
