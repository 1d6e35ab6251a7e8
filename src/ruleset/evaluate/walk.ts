import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import type { NatSpec } from '../packet/nat-spec.ts'
import type { SavedEdits } from '../packet/packet-edits.ts'
import {
  type RulePacket,
  STATE_INVALID,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_REJECT,
  VERDICT_UNKNOWN,
} from '../packet/rule-packet.ts'
import type { EditAction, EffectAction } from './action.ts'
import { CandidatePlaces } from './candidate-places.ts'
import { NO, UNKNOWN, YES } from './condition.ts'
import { type Dialogue, replyTo } from './dialogue.ts'
import { addFinished, type FinishedWorld, isSurer, ongoing, possibleOf } from './finished-world.ts'
import { isSteadyAction } from './steadiness.ts'
import { type Check, HOTDROP } from './three-valued.ts'
import type { InterpretedChain, InterpretedRule, Recorder, RuleFinder, WalkContext } from './walk-context.ts'
import { JUMPS_MAX, leaveOpen, limitPassed, TOO_MANY_JUMPS } from './walk-limits.ts'
import { addWorld, alike, assigned, compareWorlds, enterMarks, type World } from './world.ts'

const VERDICTS = [VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT] as const
const UNSURE_TRACKING = 'how the packet is tracked (NOTRACK, CT) depends on a rule that could not be decided'

/** One packet's way through one base chain, in all worlds that are possible; the one furthest behind goes first. */
export class Walk {
  /** What came of it. */
  verdict = VERDICT_UNKNOWN
  /** No rule did what is not the same for other packets of its connection (steadiness.ts). */
  didSteadily = true
  /** Rules and policies that the packet certainly matched. */
  readonly counted: number[] = []
  /**
   * Nothing was done to the packet, or to what others may ask, besides its marks, its connection's, and how it is
   * tracked.
   */
  #leavesAlone = true
  readonly #context: WalkContext
  readonly #packet: RulePacket
  readonly #baseChain: number
  readonly #places: CandidatePlaces
  /** Takes down what is asked that packets of the same classes may answer in different ways. */
  readonly #dialogue: Dialogue | null
  readonly #recorder: Recorder | undefined
  readonly #worlds: World[] = []
  readonly #finished: FinishedWorld[] = []
  /** The packet as it came, once a rule has changed it. */
  #unedited: SavedEdits | null = null
  #firstUnknown = -1
  #reason = -1
  /** Why the last check was not known. */
  #missing = ''
  /** Nothing is open on the way to where the walk stands. */
  #certain = true

  /** @param finder null: every rule is asked */
  constructor(
    context: WalkContext,
    packet: RulePacket,
    baseChain: number,
    finder: RuleFinder | null,
    dialogue: Dialogue | null,
    recorder?: Recorder,
  ) {
    this.#context = context
    this.#packet = packet
    this.#baseChain = baseChain
    this.#places = new CandidatePlaces(finder, packet)
    this.#dialogue = dialogue
    this.#recorder = recorder
  }

  /** Another packet with the same answers goes the same way, and leaves the same behind. */
  get isRepeatable(): boolean {
    return this.#leavesAlone && this.#places.isSteady
  }

  run(start: World): number {
    const worlds = this.#worlds
    this.#add(start)
    for (let world = worlds.shift(); world !== undefined && !this.#isSettled(world); world = worlds.shift()) {
      this.#certain = worlds.length === 0 && this.#finished.length === 0
      this.#enter(world)
      if (!this.#walkOn(world, this.#context.chains[world.chain])) this.#leave(world)
      const missing = limitPassed(worlds.length + this.#finished.length, this.#context.runtime.jumps)
      if (missing !== null) {
        this.verdict = this.#giveUp(start, missing)
        return this.verdict
      }
    }
    this.verdict = this.#agree()
    return this.verdict
  }

  /**
   * Whatever becomes of the worlds that are left, of which `first` is one, the answer is the same: they can only end as
   * others have that did the same to the packet.
   */
  #isSettled(first: World): boolean {
    if (this.#finished.length < 2) return false
    const possible = possibleOf(this.#finished)
    if ((possible & (possible - 1)) === 0) return false
    const ends = ongoing(this.#finished)
    return [first, ...this.#worlds].every(
      (world) =>
        (this.#context.reachable.ahead(world, this.#baseChain) & ~possible) === 0 &&
        ends.some((end) => alike(end.world, world)),
    )
  }

  /** Goes on, rule by rule, until one is of consequence or another world is first; false at the end of the chain. */
  #walkOn(world: World, chain: InterpretedChain): boolean {
    const next = this.#worlds[0]
    for (const start = world.at; world.at < chain.length; world.at = this.#nextPlace(world.chain, world.at + 1)) {
      // Where two worlds meet they may become one; the one that was first in line goes on.
      if (next !== undefined && compareWorlds(world, next) >= (world.at === start ? 1 : 0)) {
        this.#add(world)
        return true
      }
      if (this.#step(world, chain.rule(world.at))) return true
    }
    return false
  }

  /** The first place from `at` on whose rule the packet may match, or the end of the chain. */
  #nextPlace(chain: number, at: number): number {
    return this.#places.next(chain, at, this.#context.chains[chain].length)
  }

  /** Worlds stand only where a rule may be of consequence, so that they meet there. */
  #add(world: World): void {
    world.at = this.#nextPlace(world.chain, world.at)
    addWorld(this.#worlds, world)
  }

  /** Evaluates one rule; false when the world certainly goes on with the next one, as it is. */
  #step(world: World, rule: InterpretedRule): boolean {
    const packet = this.#packet
    const results: number[] | null = this.#recorder ? [] : null
    let matched: number = YES
    let dropped = false
    let perhapsDropped = false
    let missing = ''
    for (const check of rule.checks) {
      const result = this.#evaluate(check, this.#certain && matched === YES, world)
      results?.push(result)
      if (result === NO) matched = NO
      else if (result === UNKNOWN) {
        if (matched === YES) missing = this.#missing
        matched = UNKNOWN
      } else if (result !== YES) {
        dropped = result === HOTDROP && matched === YES
        perhapsDropped = !dropped
        if (perhapsDropped) this.#undecided(rule.id, missing || this.#missing)
        if (result === HOTDROP) matched = NO
      }
      if (matched === NO) break
    }
    if (matched === UNKNOWN && rule.action.kind !== 'continue') this.#undecided(rule.id, missing)
    if (results) this.#recorder?.rule(rule.id, rule.checks, results, matched, packet)
    if (dropped || perhapsDropped) this.#finish(world, VERDICT_DROP, rule.id)
    if (dropped) return true
    if (matched === NO && !perhapsDropped) return false
    if (matched !== YES) this.#add(world.next())
    if (matched === NO) return true
    if (this.#certain && matched === YES && !perhapsDropped) this.#count(rule.id)
    this.#act(rule, matched === UNKNOWN ? world.guessing() : world)
    return true
  }

  #evaluate(check: Check, certain: boolean, world: World): number {
    const isAsked = this.#dialogue !== null && check.isQuestion
    const { result, missing } = isAsked
      ? this.#dialogue.ask(check, certain, world, this.#packet)
      : replyTo(check, certain, this.#packet)
    this.#missing = missing
    return result
  }

  /** A rule sends the packet to another chain. */
  #follow(ruleId: number): void {
    if (++this.#context.runtime.jumps > JUMPS_MAX) this.#undecided(ruleId, TOO_MANY_JUMPS)
  }

  #undecided(ruleId: number, missing: string): void {
    if (this.#firstUnknown >= 0) return
    this.#firstUnknown = ruleId
    this.#reason = this.#context.reasonIndex(missing)
  }

  #act(rule: InterpretedRule, world: World): void {
    const { action } = rule
    if (!isSteadyAction(action)) this.didSteadily = false
    switch (action.kind) {
      case 'verdict':
        this.#finish(world, action.verdict, rule.id, action.binding)
        break
      case 'undecided':
        this.#undecided(rule.id, action.missing)
        for (const verdict of VERDICTS) {
          if ((action.possible & (1 << verdict)) === 0) continue
          const isEdited = verdict === VERDICT_ACCEPT && action.accepted !== undefined
          const end = isEdited ? this.#edited(world, action.accepted).world : world
          this.#finish(end, verdict, rule.id)
        }
        break
      case 'return':
        this.#leave(world)
        break
      case 'jump': {
        this.#follow(rule.id)
        const frames = [...world.frames, { chain: world.chain, at: world.at }]
        this.#add(world.movedTo({ chain: rule.target, at: 0 }, frames))
        break
      }
      case 'goto':
        this.#follow(rule.id)
        this.#add(world.movedTo({ chain: rule.target, at: 0 }, world.frames))
        break
      case 'continue':
        this.#add(world.next())
        break
      case 'track': {
        const next = world.next()
        if (this.#packet.state === STATE_INVALID) next.tracking = action.tracking
        this.#add(next)
        break
      }
      case 'assign':
        this.#add(assigned(world.next(), action, this.#packet))
        break
      case 'edit':
        this.#edit(rule.id, world.next(), action)
        break
      case 'effect':
        this.#add(this.#affected(world.next(), action))
        break
    }
  }

  #edit(ruleId: number, before: World, action: EditAction): void {
    const { world, verdict } = this.#edited(before, action)
    if (verdict === 0) this.#add(world)
    else this.#finish(world, verdict, ruleId)
  }

  #edited(before: World, action: EditAction): { world: World; verdict: number } {
    const packet = this.#packet
    this.#leavesAlone = false
    this.#unedited ??= packet.edits.save(packet)
    const verdict = action.edit(packet)
    const world = before.copy()
    world.mark = packet.mark
    world.unknownMark = packet.unknownMark
    world.edits = packet.edits.save(packet)
    return { world, verdict }
  }

  /** @param next to be changed */
  #affected(next: World, action: EffectAction): World {
    const packet = this.#packet
    const { effects, slots } = this.#context.runtime
    const effect = effects[slots.get(action) ?? -1]
    this.#leavesAlone = false
    if (this.#worlds.length === 0 && this.#finished.length === 0) effect.apply(packet)
    else effect.applyPerhaps(packet)
    next.mark = packet.mark
    next.unknownMark = packet.unknownMark
    return next
  }

  /** RETURN, or the end of a chain. */
  #leave(world: World): void {
    const caller = world.frames.at(-1)
    if (caller) {
      this.#add(world.movedTo({ chain: caller.chain, at: caller.at + 1 }, world.frames.slice(0, -1)))
      return
    }
    const { policy } = this.#context.chains[this.#baseChain]
    if (!policy) throw new Error(`chain ${this.#baseChain} has no policy`)
    if (this.#certain) this.#count(policy.id)
    this.#finish(world, policy.verdict, policy.id)
  }

  #finish(world: World, verdict: number, decidedBy: number, binding: NatSpec | null = null): void {
    addFinished(this.#finished, { world, verdict, decidedBy, binding })
  }

  #enter(world: World): void {
    const packet = this.#packet
    const edits = this.#editsOf(world)
    if (edits !== null) packet.edits.restore(packet, edits)
    enterMarks(world, packet, this.#context.runtime.uncertainMarks)
  }

  /** Null as long as no rule has changed the packet in any world. */
  #editsOf(world: World): SavedEdits | null {
    return world.edits ?? this.#unedited
  }

  #count(ruleId: number): void {
    this.counted.push(ruleId)
    this.#context.runtime.counters[2 * ruleId] += 1
    this.#context.runtime.counters[2 * ruleId + 1] += this.#packet.fields[this.#packet.base + P_L3_LENGTH]
  }

  /** One answer out of all worlds. The rule named is that of the world with the fewest unknown checks taken to hold. */
  #agree(): number {
    const packet = this.#packet
    const finished = this.#finished
    const going = ongoing(finished)
    let [best] = going
    for (const one of going) if (isSurer(one, best)) best = one
    const possible = possibleOf(finished)
    this.#enter(best.world)
    packet.decidedBy = best.decidedBy
    let sureTracking = true
    for (const { world } of going) {
      packet.unknownMark |= world.unknownMark | (world.mark ^ best.world.mark)
      const edits = this.#editsOf(world)
      if (edits !== null && edits !== this.#editsOf(best.world)) packet.edits.doubt(packet, edits)
      if (world.tracking !== best.world.tracking) sureTracking = false
    }
    for (const { world } of finished) {
      const sameMark = !world.uncertainConnectionMark && world.connectionMark === best.world.connectionMark
      if (packet.connection >= 0 && !sameMark)
        this.#context.runtime.uncertainMarks.add(packet.connections, packet.connection)
    }
    packet.isBindingUnsure = going.some(({ binding }) => binding !== best.binding)
    if (possible === 1 << best.verdict && sureTracking && !packet.isBindingUnsure) return best.verdict
    packet.decidedBy = this.#firstUnknown
    packet.possibleVerdicts = possible
    packet.unknownReason = sureTracking ? this.#reason : this.#context.reasonIndex(UNSURE_TRACKING)
    return VERDICT_UNKNOWN
  }

  #giveUp(start: World, missing: string): number {
    this.#enter(start)
    this.didSteadily = false
    if (this.#context.hasEdits) this.#leavesAlone = false
    leaveOpen(this.#packet, this.#context, this.#firstUnknown, missing)
    return VERDICT_UNKNOWN
  }
}
