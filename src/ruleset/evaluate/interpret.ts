import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import { type RulePacket, VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT, VERDICT_UNKNOWN } from '../rule-packet.ts'
import type { Action, AssignAction } from './action.ts'
import { type CallContext, NO, UNKNOWN, YES } from './condition.ts'
import type { Program } from './program.ts'
import type { Runtime } from './runtime.ts'
import { type Check, HOTDROP, makeCheck } from './three-valued.ts'
import { addWorld, type FinishedWorld, type Position, type World } from './world.ts'

/** More ways than this at once, and the packet is called undecidable. */
const WORLDS_MAX = 64
const ALL_VERDICTS = (1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP) | (1 << VERDICT_REJECT)
const TOO_MANY = `more than ${WORLDS_MAX} ways through the rules are possible; settle the unknown matches with --assume`
const UNSURE_TRACKING = 'how the packet is tracked (NOTRACK, CT --helper) depends on a rule that could not be decided'

interface InterpretedRule {
  readonly id: number
  readonly checks: readonly Check[]
  readonly action: Action
  readonly target: number
}

interface InterpretedChain {
  readonly rules: readonly InterpretedRule[]
  readonly policy: { readonly id: number; readonly verdict: number } | null
}

/** Told of every rule that a packet meets. */
export interface Recorder {
  /** `results`: one per check evaluated; `matched`: NO, YES or UNKNOWN. */
  rule(ruleId: number, checks: readonly Check[], results: readonly number[], matched: number, packet: RulePacket): void
}

/**
 * The exact evaluator: three values, and every world that is possible at once. Slow; it takes over where compiled code
 * met something unknown, and tells stories.
 *
 * A counter advances only for a rule that certainly matched.
 */
export class Interpreter {
  readonly #chains: readonly InterpretedChain[]
  readonly #positions: ReadonlyMap<number, Position>
  readonly #runtime: Runtime
  readonly #reasonIndex: (text: string) => number

  /** @param reasonIndex where a text stands among the ruleset's reasons */
  constructor(program: Program, runtime: Runtime, context: CallContext, reasonIndex: (text: string) => number) {
    this.#runtime = runtime
    this.#reasonIndex = reasonIndex
    const positions = new Map<number, Position>()
    this.#chains = program.chains.map((chain) => ({
      policy: chain.policy,
      rules: chain.rules.map((rule, at) => {
        positions.set(rule.id, { chain: chain.index, at })
        const checks = rule.checks.map(({ match, condition }) =>
          makeCheck(match, condition, program.assume.get(match), runtime, context),
        )
        return { id: rule.id, checks, action: rule.action, target: rule.target }
      }),
    }))
    this.#positions = positions
  }

  /** The whole walk from the start of a base chain. */
  run(packet: RulePacket, baseChain: number, recorder?: Recorder): number {
    return this.#walk(packet, baseChain, this.#world(packet, { chain: baseChain, at: 0 }, []), recorder)
  }

  /** Goes on where the compiled code stopped (Runtime.trail). */
  resume(packet: RulePacket, baseChain: number): number {
    const { trail } = this.#runtime
    const frames: Position[] = []
    for (let index = trail.length - 1; index > 0; index--) frames.push(this.#position(trail.ruleIds[index]))
    return this.#walk(packet, baseChain, this.#world(packet, this.#position(trail.ruleIds[0]), frames))
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
      untracked: packet.untracked,
      helper: packet.helper,
      guesses: 0,
    }
  }

  #walk(packet: RulePacket, baseChain: number, start: World, recorder?: Recorder): number {
    const worlds: World[] = [start]
    const finished: FinishedWorld[] = []
    let firstUnknown = -1
    let reason = -1
    const undecided = (ruleId: number, missing: string): void => {
      if (firstUnknown >= 0) return
      firstUnknown = ruleId
      reason = this.#reasonIndex(missing)
    }
    for (let world = worlds.shift(); world !== undefined; world = worlds.shift()) {
      const certain = worlds.length === 0 && finished.length === 0
      const chain = this.#chains[world.chain]
      if (world.at >= chain.rules.length) {
        this.#leave(packet, world, baseChain, certain, worlds, finished)
        continue
      }
      const rule = chain.rules[world.at]
      this.#enter(packet, world)
      const results: number[] = []
      let matched: number = YES
      let perhapsDropped = false
      let dropped = false
      let missing = ''
      for (const check of rule.checks) {
        const result = check.evaluate(packet, certain && matched === YES)
        results.push(result)
        if (result === NO) matched = NO
        else if (result === UNKNOWN) {
          if (matched === YES) missing = check.missing
          matched = UNKNOWN
        } else if (result !== YES) {
          dropped = result === HOTDROP && matched === YES
          perhapsDropped = !dropped
          if (perhapsDropped) undecided(rule.id, check.missing)
          if (result === HOTDROP) {
            if (matched === UNKNOWN) matched = NO
            break
          }
        }
        if (matched === NO) break
      }
      if (matched === UNKNOWN) undecided(rule.id, missing)
      recorder?.rule(rule.id, rule.checks, results, dropped ? YES : matched, packet)
      if (dropped || perhapsDropped) finished.push({ world, verdict: VERDICT_DROP, decidedBy: rule.id })
      if (dropped) continue
      if (matched !== YES) addWorld(worlds, { ...world, at: world.at + 1 })
      if (matched !== NO) {
        if (certain && matched === YES && !perhapsDropped) this.#count(packet, rule.id)
        const guesses = world.guesses + (matched === UNKNOWN ? 1 : 0)
        this.#act(packet, rule, { ...world, guesses }, baseChain, certain, worlds, finished, undecided)
      }
      if (worlds.length + finished.length > WORLDS_MAX) {
        worlds.length = 0
        finished.length = 0
        return this.#giveUp(packet, rule.id, start)
      }
    }
    return this.#agree(packet, finished, firstUnknown, reason)
  }

  #enter(packet: RulePacket, world: World): void {
    packet.mark = world.mark
    packet.unknownMark = world.unknownMark
    packet.untracked = world.untracked
    packet.helper = world.helper
    this.#setConnectionMark(packet, world.connectionMark, world.uncertainConnectionMark)
  }

  #setConnectionMark(packet: RulePacket, mark: number, uncertain: boolean): void {
    const { connection, connections } = packet
    if (connection < 0) return
    if (connections.mark(connection) !== mark) connections.setMark(connection, mark)
    if (uncertain) this.#runtime.uncertainMarks.add(connection)
    else this.#runtime.uncertainMarks.delete(connection)
  }

  #count(packet: RulePacket, ruleId: number): void {
    this.#runtime.counters[2 * ruleId] += 1
    this.#runtime.counters[2 * ruleId + 1] += packet.fields[packet.base + P_L3_LENGTH]
  }

  /** RETURN, or the end of a chain. */
  #leave(
    packet: RulePacket,
    world: World,
    baseChain: number,
    certain: boolean,
    worlds: World[],
    finished: FinishedWorld[],
  ): void {
    const caller = world.frames.at(-1)
    if (caller) {
      addWorld(worlds, { ...world, chain: caller.chain, at: caller.at + 1, frames: world.frames.slice(0, -1) })
      return
    }
    const { policy } = this.#chains[baseChain]
    if (!policy) throw new Error(`chain ${baseChain} has no policy`)
    if (certain) this.#count(packet, policy.id)
    finished.push({ world, verdict: policy.verdict, decidedBy: policy.id })
  }

  #act(
    packet: RulePacket,
    rule: InterpretedRule,
    world: World,
    baseChain: number,
    certain: boolean,
    worlds: World[],
    finished: FinishedWorld[],
    undecided: (ruleId: number, missing: string) => void,
  ): void {
    const next = world.at + 1
    const { action } = rule
    switch (action.kind) {
      case 'verdict':
        finished.push({ world, verdict: action.verdict, decidedBy: rule.id })
        break
      case 'undecided':
        undecided(rule.id, action.missing)
        for (const verdict of [VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT]) {
          if (action.possible & (1 << verdict)) finished.push({ world, verdict, decidedBy: rule.id })
        }
        break
      case 'return':
        this.#leave(packet, world, baseChain, certain, worlds, finished)
        break
      case 'jump': {
        const frames = [...world.frames, { chain: world.chain, at: world.at }]
        addWorld(worlds, { ...world, chain: rule.target, at: 0, frames })
        break
      }
      case 'goto':
        addWorld(worlds, { ...world, chain: rule.target, at: 0 })
        break
      case 'continue':
        addWorld(worlds, { ...world, at: next })
        break
      case 'untrack':
        addWorld(worlds, { ...world, at: next, untracked: true })
        break
      case 'help':
        addWorld(worlds, { ...world, at: next, helper: action.helper })
        break
      case 'assign':
        addWorld(worlds, { ...assign(world, action, packet.connection >= 0), at: next })
        break
    }
  }

  /** One answer out of all worlds. The rule named is that of the world with the fewest unknown checks taken to hold. */
  #agree(packet: RulePacket, finished: readonly FinishedWorld[], firstUnknown: number, reason: number): number {
    let best = finished[0]
    let possible = 0
    for (const one of finished) {
      possible |= 1 << one.verdict
      if (one.world.guesses < best.world.guesses) best = one
    }
    this.#enter(packet, best.world)
    packet.decidedBy = best.decidedBy
    let sureTracking = true
    for (const { world } of finished) {
      packet.unknownMark |= world.unknownMark | (world.mark ^ best.world.mark)
      if (world.untracked !== best.world.untracked || world.helper !== best.world.helper) sureTracking = false
      if (packet.connection < 0) continue
      const sameMark = world.connectionMark === best.world.connectionMark
      if (world.uncertainConnectionMark || !sameMark) this.#runtime.uncertainMarks.add(packet.connection)
    }
    if (possible === 1 << best.verdict && sureTracking) return best.verdict
    packet.decidedBy = firstUnknown
    packet.possibleVerdicts = possible
    packet.unknownReason = sureTracking ? reason : this.#reasonIndex(UNSURE_TRACKING)
    return VERDICT_UNKNOWN
  }

  #giveUp(packet: RulePacket, ruleId: number, start: World): number {
    this.#enter(packet, start)
    packet.unknownMark = -1
    if (packet.connection >= 0) this.#runtime.uncertainMarks.add(packet.connection)
    packet.decidedBy = ruleId
    packet.possibleVerdicts = ALL_VERDICTS
    packet.unknownReason = this.#reasonIndex(TOO_MANY)
    return VERDICT_UNKNOWN
  }
}

function assign(world: World, action: AssignAction, hasConnection: boolean): World {
  const { register, keep, from, take, value } = action
  if (!hasConnection && (register === 'connectionMark' || from === 'connectionMark')) return world
  const source = from === null ? 0 : world[from] & take
  const result = (world[register] & keep) ^ source ^ value
  const unsure = from === 'mark' ? world.unknownMark & take : from && world.uncertainConnectionMark ? take : 0
  if (register === 'mark') return { ...world, mark: result, unknownMark: (world.unknownMark & keep) | unsure }
  const uncertain = (world.uncertainConnectionMark && keep !== 0) || unsure !== 0
  return { ...world, connectionMark: result, uncertainConnectionMark: uncertain }
}
