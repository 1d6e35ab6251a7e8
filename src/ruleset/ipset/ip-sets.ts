import { IP_V6, P_FAMILY } from '../../wire/packet-fields.ts'
import { NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { ElementSet } from './element-set.ts'
import type { CounterRule, IpSet, SetFlags } from './ip-set.ts'
import type { SetDefinition } from './set-definition.ts'

/** The sets of a replay, by the names that rules use. Each is built when a rule first uses it. */
export class IpSets {
  readonly #definitions: ReadonlyMap<string, SetDefinition>
  readonly #sets = new Map<string, IpSet>()

  constructor(definitions: readonly SetDefinition[]) {
    this.#definitions = new Map(definitions.map((one) => [one.name, one]))
  }

  /** null for a set that was not given. @param interfaces names of the machine's interfaces by number */
  get(name: string, interfaces: readonly string[]): IpSet | null {
    const made = this.#sets.get(name)
    if (made) return made
    const definition = this.#definitions.get(name)
    if (!definition) return null
    const set =
      definition.type === 'list:set' ? this.#list(definition, interfaces) : new ElementSet(definition, interfaces)
    this.#sets.set(name, set)
    return set
  }

  #list(definition: SetDefinition, interfaces: readonly string[]): IpSet {
    const members = definition.members
      .filter((name) => this.#definitions.get(name)?.type !== 'list:set')
      .map((name) => this.get(name, interfaces))
      .filter((set) => set !== null)
    return new SetList(definition, members)
  }
}

/** list:set: looks packets up in its members, in order. */
class SetList implements IpSet {
  readonly definition: SetDefinition
  hitMark = 0
  hitMarkMask = 0
  readonly #members: readonly IpSet[]

  constructor(definition: SetDefinition, members: readonly IpSet[]) {
    this.definition = definition
    this.#members = members
  }

  get mayBeUnknown(): boolean {
    return this.#members.some((member) => member.mayBeUnknown)
  }

  get hasDoubts(): boolean {
    return this.#members.some((member) => member.hasDoubts)
  }

  get tracksCounters(): boolean {
    return this.#members.some((member) => member.tracksCounters)
  }

  set tracksCounters(tracks: boolean) {
    for (const member of this.#members) member.tracksCounters = tracks
  }

  get changes(): boolean {
    return this.#members.some((member) => member.changes)
  }

  set changes(change: boolean) {
    for (const member of this.#members) member.changes = change
  }

  test(packet: RulePacket, flags: SetFlags, counters: CounterRule | null): number {
    return this.#test(packet, flags, counters, true)
  }

  testPerhaps(packet: RulePacket, flags: SetFlags, counters: CounterRule | null): number {
    return this.#test(packet, flags, counters, false)
  }

  #test(packet: RulePacket, flags: SetFlags, counters: CounterRule | null, sure: boolean): number {
    const forMembers = counters === null ? null : { ...counters, update: counters.updateMembers }
    let unknown = false
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i]
      const { family } = member.definition
      if (family !== null && (family === 'ipv6') !== isIpv6(packet)) continue
      const answer =
        sure && !unknown ? member.test(packet, flags, forMembers) : member.testPerhaps(packet, flags, forMembers)
      if (answer === YES) {
        this.hitMark = member.hitMark
        this.hitMarkMask = member.hitMarkMask
        return unknown ? UNKNOWN : YES
      }
      if (answer === UNKNOWN) unknown = true
    }
    return unknown ? UNKNOWN : NO
  }

  add(packet: RulePacket, flags: SetFlags, seconds: number | null, exist: boolean): void {
    this.#members[0]?.add(packet, flags, seconds, exist)
  }

  addPerhaps(packet: RulePacket, flags: SetFlags, exist: boolean): void {
    this.#members[0]?.addPerhaps(packet, flags, exist)
  }

  delete(packet: RulePacket, flags: SetFlags): void {
    this.#members[0]?.delete(packet, flags)
  }

  deletePerhaps(packet: RulePacket, flags: SetFlags): void {
    this.#members[0]?.deletePerhaps(packet, flags)
  }
}

function isIpv6(packet: RulePacket): boolean {
  return packet.fields[packet.base + P_FAMILY] === IP_V6
}
