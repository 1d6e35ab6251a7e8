import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { enterAnswer, type WalkAnswer } from './answer-tree.ts'
import type { CallContext } from './condition.ts'
import type { Dialogue } from './dialogue.ts'
import { flagClassesOf } from './flag-classes.ts'
import { PacketClasses } from './packet-classes.ts'
import { type Program, type ProgramChain, type ProgramRule, Trail } from './program.ts'
import { Reachable } from './reachable.ts'
import { type Runtime, slotOf } from './runtime.ts'
import { makeCheck } from './three-valued.ts'
import { Walk } from './walk.ts'
import type { InterpretedChain, InterpretedRule, Recorder, RuleFinder, WalkContext } from './walk-context.ts'
import { WalkMemory } from './walk-memory.ts'
import { marksOf, type Position, World } from './world.ts'

/** The trail of a walk from a chain's beginning. */
const NO_TRAIL = new Trail(0)

/**
 * The exact evaluator: three values, and all possible worlds at once. Slow; it takes over where compiled code met
 * something unknown, and produces explanations.
 *
 * A counter advances only for a rule that certainly matched.
 */
export class Interpreter {
  readonly #program: Program
  readonly #runtime: Runtime
  readonly #callContext: CallContext
  readonly #walkContext: WalkContext
  /** Chains with rules, by the ids of these. */
  readonly #byFirstId: readonly ProgramChain[]
  readonly #remembers: boolean
  #finder: RuleFinder | null = null
  /** Made at first use: most replays never meet anything unknown. */
  #memory: WalkMemory | null = null

  /**
   * @param reasonIndex returns the place of a text among the ruleset's reasons
   * @param remembers false: walks for every packet instead of reusing answers, with the same results
   */
  constructor(
    program: Program,
    runtime: Runtime,
    context: CallContext,
    reasonIndex: (text: string) => number,
    remembers = true,
  ) {
    this.#program = program
    this.#runtime = runtime
    this.#callContext = context
    this.#remembers = remembers
    this.#walkContext = {
      chains: program.chains.map((chain) => this.#prepare(chain)),
      runtime,
      reachable: new Reachable(program),
      hasEdits: program.chains.some(({ rules }) => rules.some(({ action }) => action.kind === 'edit')),
      reasonIndex,
    }
    this.#byFirstId = program.chains
      .filter(({ rules }) => rules.length > 0)
      .toSorted((one, other) => one.rules[0].id - other.rules[0].id)
  }

  /** Makes walks skip the rules that a packet certainly does not match. */
  skipWith(finder: RuleFinder): void {
    this.#finder = finder
  }

  /** Prepares a chain when a packet first meets it. */
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
    const context = this.#callContext
    if (action.kind === 'effect') slotOf(action, runtime, context)
    const memory = this.#rememberedWalks()
    const made = checks.map(({ match, condition }) =>
      makeCheck(match, condition, memory.isQuestion(condition), assume.get(match), runtime, context),
    )
    return { id, checks: made, action, target }
  }

  /** The whole walk from the start of a base chain. Reports every rule to the recorder. */
  run(packet: RulePacket, baseChain: number, recorder?: Recorder): number {
    this.#runtime.jumps = 0
    if (!recorder) return this.#answer(packet, baseChain, NO_TRAIL)
    const start = { chain: baseChain, at: 0 }
    // With a recorder no rules are skipped.
    return this.#walk(packet, baseChain, start, [], null, null, recorder).verdict
  }

  /** Continues where the compiled code stopped (Runtime.trail). */
  resume(packet: RulePacket, baseChain: number): number {
    return this.#answer(packet, baseChain, this.#runtime.trail)
  }

  /** The remembered answer for a packet that rules cannot distinguish from this one, else that of a walk. */
  #answer(packet: RulePacket, baseChain: number, trail: Trail): number {
    const walks = this.#rememberedWalks()
    const memory = this.#remembers && walks.isFor(packet, trail) ? walks : null
    const known = memory?.find(packet, baseChain, trail)
    if (known !== undefined) {
      enterAnswer(known, packet, this.#runtime.uncertainMarks)
      for (const ruleId of known.counted) this.#count(ruleId, packet)
      tellWay(packet, known.counted, known.steady)
      return known.verdict
    }
    const dialogue = memory?.dialogue(packet) ?? null
    const walk = this.#walkAlong(packet, baseChain, trail, dialogue)
    const steady = dialogue !== null && dialogue.questions.length === 0 && walk.isRepeatable && walk.didSteadily
    tellWay(packet, walk.counted, steady)
    if (memory && dialogue && walk.isRepeatable) memory.keep(dialogue, this.#answerOf(walk, packet, steady))
    return walk.verdict
  }

  #rememberedWalks(): WalkMemory {
    if (this.#memory === null) {
      const { classes, divided } = PacketClasses.ofWhatIsSteady(this.#program)
      const runtime = this.#runtime
      const calls = classes.calls.map((call) => runtime.pure[slotOf(call, runtime, this.#callContext)])
      const { uncertainMarks } = runtime
      const flags = flagClassesOf([this.#program])
      this.#memory = new WalkMemory({ classes, divided, calls, flags, uncertainMarks })
    }
    return this.#memory
  }

  #answerOf({ verdict, counted }: Walk, packet: RulePacket, steady: boolean): WalkAnswer {
    const { decidedBy, possibleVerdicts, unknownReason, isBindingUnsure } = packet
    const marks = marksOf(packet, this.#runtime.uncertainMarks)
    return { ...marks, verdict, decidedBy, possibleVerdicts, unknownReason, isBindingUnsure, counted, steady }
  }

  #count(ruleId: number, { fields, base }: RulePacket): void {
    const { counters } = this.#runtime
    counters[2 * ruleId] += 1
    counters[2 * ruleId + 1] += fields[base + P_L3_LENGTH]
  }

  #walkAlong(packet: RulePacket, baseChain: number, trail: Trail, dialogue: Dialogue | null): Walk {
    const { length, ruleIds } = trail
    const start = length === 0 ? { chain: baseChain, at: 0 } : this.#position(ruleIds[0])
    const frames: Position[] = []
    for (let index = length - 1; index > 0; index--) frames.push(this.#position(ruleIds[index]))
    return this.#walk(packet, baseChain, start, frames, this.#finder, dialogue)
  }

  #walk(
    packet: RulePacket,
    baseChain: number,
    start: Position,
    frames: readonly Position[],
    finder: RuleFinder | null,
    dialogue: Dialogue | null,
    recorder?: Recorder,
  ): Walk {
    const walk = new Walk(this.#walkContext, packet, baseChain, finder, dialogue, recorder)
    walk.run(new World(start, frames, marksOf(packet, this.#runtime.uncertainMarks)))
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
}

/** See RulePacket.steady. */
function tellWay(packet: RulePacket, counted: readonly number[], steady: boolean): void {
  if (!steady) packet.steady = false
  for (const ruleId of counted) packet.hits[packet.hitCount++] = ruleId
}
