import type { RulePacket } from '../rule-packet.ts'
import type { CallContext } from './condition.ts'
import type { Program, ProgramChain } from './program.ts'
import { type Runtime, slotOf } from './runtime.ts'
import { makeCheck } from './three-valued.ts'
import { type InterpretedChain, type Recorder, Walk } from './walk.ts'
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
  readonly #positions = new Map<number, Position>()
  #chains: readonly InterpretedChain[] | null = null

  /** @param reasonIndex where a text stands among the ruleset's reasons */
  constructor(program: Program, runtime: Runtime, context: CallContext, reasonIndex: (text: string) => number) {
    this.#program = program
    this.#runtime = runtime
    this.#context = context
    this.#reasonIndex = reasonIndex
    this.#hasEdits = program.chains.some(({ rules }) => rules.some(({ action }) => action.kind === 'edit'))
  }

  /** Made when it is asked for first: most replays never meet anything unknown. */
  #prepared(): readonly InterpretedChain[] {
    this.#chains ??= this.#program.chains.map((chain) => this.#prepare(chain))
    return this.#chains
  }

  #prepare({ index, policy, rules }: ProgramChain): InterpretedChain {
    const { assume } = this.#program
    const runtime = this.#runtime
    const context = this.#context
    return {
      policy,
      rules: rules.map((rule, at) => {
        this.#positions.set(rule.id, { chain: index, at })
        if (rule.action.kind === 'effect') slotOf(rule.action, runtime, context)
        const checks = rule.checks.map(({ match, condition }) =>
          makeCheck(match, condition, assume.get(match), runtime, context),
        )
        return { id: rule.id, checks, action: rule.action, target: rule.target }
      }),
    }
  }

  /** The whole walk from the start of a base chain. */
  run(packet: RulePacket, baseChain: number, recorder?: Recorder): number {
    const chains = this.#prepared()
    const start = this.#world(packet, { chain: baseChain, at: 0 }, [])
    return new Walk(chains, this.#runtime, this.#reasonIndex, packet, baseChain, recorder).run(start)
  }

  /** Goes on where the compiled code stopped (Runtime.trail). */
  resume(packet: RulePacket, baseChain: number): number {
    const chains = this.#prepared()
    const { trail } = this.#runtime
    const frames: Position[] = []
    for (let index = trail.length - 1; index > 0; index--) frames.push(this.#position(trail.ruleIds[index]))
    const start = this.#world(packet, this.#position(trail.ruleIds[0]), frames)
    return new Walk(chains, this.#runtime, this.#reasonIndex, packet, baseChain).run(start)
  }

  #position(ruleId: number): Position {
    const position = this.#positions.get(ruleId)
    if (!position) throw new Error(`rule id ${ruleId} is not of this table`)
    return position
  }

  #world(packet: RulePacket, position: Position, frames: readonly Position[]): World {
    const { connection, connections } = packet
    return {
      ...position,
      frames,
      mark: packet.mark,
      unknownMark: packet.unknownMark,
      connectionMark: connection < 0 ? 0 : connections.mark(connection),
      uncertainConnectionMark: this.#runtime.uncertainMarks.has(connection),
      tracking: packet.tracking,
      edits: this.#hasEdits ? packet.edits.save(packet) : null,
      guesses: 0,
    }
  }
}
