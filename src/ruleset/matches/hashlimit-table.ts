import { grown } from '../../wire/grown.ts'
import { P_DST, P_L3_LENGTH, P_SRC } from '../../wire/packet-fields.ts'
import { NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import { KeyTable } from '../evaluate/key-table.ts'
import { addressWords } from '../packet/packet-address.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { HZ, ticksAt, ticksOfMilliseconds } from '../packet/ticks.ts'
import { bytesOf, piecesOf, SCALE } from './hashlimit-rate.ts'
import { portsOf } from './transport-ports.ts'

/** What a table is made with: the options of the first rule that names it. */
export interface HashlimitConfig {
  readonly average: number
  readonly bytes: boolean
  readonly burst: number
  readonly bySource: boolean
  readonly byDestination: boolean
  readonly bySourcePort: boolean
  readonly byDestinationPort: boolean
  /** Four words. */
  readonly sourceMask: readonly number[]
  readonly destinationMask: readonly number[]
  readonly entriesMax: number
  /** Milliseconds. */
  readonly expire: number
  readonly collect: number
  /** Seconds over which --hashlimit-rate-match measures, null without it. */
  readonly interval: number | null
}

/**
 * Credits per tick, in microseconds: xt_hashlimit counts in 1/137438953 us, the largest that lets 64 bits hold a day's
 * worth of 2^39 per tick; so a tick is worth a trace more than its microseconds.
 */
const CREDITS_PER_TICK = 2 ** 39
export const CREDITS_PER_MICROSECOND = Math.floor((HZ * CREDITS_PER_TICK) / SCALE)
const MICROSECONDS_PER_TICK = CREDITS_PER_TICK / CREDITS_PER_MICROSECOND
/** For byte rates: 2^24 credits per tick, up to a second's worth. */
const BYTE_CREDITS_PER_TICK = 2 ** 24
export const BYTE_CREDITS_MAX = BYTE_CREDITS_PER_TICK * HZ

const SOURCE = 0
const DESTINATION = 4
const PORTS = 8

/** Entry: numbers at values[slot * VALUES + …]. */
const VALUES = 6
const CREDIT = 0
/** Tick of the last refill, or at which the window began. */
const SINCE = 1
const EXPIRES = 2
/** For rules in bytes: how often the credit may still be refilled at once; in a table of packets, without end. */
const REFILLS = 3
/** --hashlimit-rate-match: packets or bytes in this window, and whether the one before was too fast. */
const WINDOW = 4
const TOO_FAST = 5

/** The groups of packets of one --hashlimit-name (/proc/net/ipt_hashlimit/NAME), of one family. */
export class HashlimitTable {
  readonly #config: HashlimitConfig
  readonly #groups = new KeyTable(PORTS + 1)
  #values = new Float64Array(this.#groups.capacity * VALUES)
  /** By slot: 1 where it is not known which packets were counted. */
  #doubtful = new Uint8Array(this.#groups.capacity)
  #doubts = 0
  /** Until this tick there may be groups that are not kept here, since the table was full of groups in doubt. */
  #othersUntil = Number.NEGATIVE_INFINITY
  /** Time of the last sweep that was carried out. */
  #collectedAt = Number.NEGATIVE_INFINITY
  readonly #expireTicks: number
  readonly #collectTicks: number
  readonly #cost: number
  readonly #cap: number
  /** What a rule in bytes may cost at the most, in credits of this table, and what it refills them to. */
  readonly #byteCreditsMax: number
  readonly #rate: number
  readonly #windowMax: number

  constructor(config: HashlimitConfig) {
    const { average, bytes, burst, interval } = config
    this.#config = config
    this.#expireTicks = ticksOfMilliseconds(config.expire)
    this.#collectTicks = Math.max(1, ticksOfMilliseconds(config.collect))
    this.#cost = bytes ? Math.floor((average * BYTE_CREDITS_MAX) / 2 ** 32) : average
    this.#cap = bytes ? BYTE_CREDITS_MAX : creditOf(average * burst)
    this.#byteCreditsMax = bytes ? BYTE_CREDITS_MAX : BYTE_CREDITS_MAX / CREDITS_PER_MICROSECOND
    this.#rate = bytes ? bytesOf(average) : average === 0 ? 0 : Math.floor(SCALE / average)
    this.#windowMax = interval === null ? 0 : bytes ? this.#rate * Math.max(burst, 1) : burst + this.#rate
  }

  get readsPorts(): boolean {
    return this.#config.bySourcePort || this.#config.byDestinationPort
  }

  /** Whether the packet's group is new and there is no room for it. */
  isFullFor(packet: RulePacket): number {
    const mayHoldOthers = this.#mayHoldOthers(packet)
    if (this.#groups.size < this.#config.entriesMax && !mayHoldOthers) return NO
    this.#readKey(packet)
    const slot = this.#find(packet)
    if (slot >= 0) return mayHoldOthers && this.#doubtful[slot] === 1 ? UNKNOWN : NO
    this.#collect(packet)
    if (this.#groups.size < this.#config.entriesMax) return mayHoldOthers ? UNKNOWN : NO
    return this.#doubts > 0 ? UNKNOWN : YES
  }

  isDoubtful(packet: RulePacket): boolean {
    const mayHoldOthers = this.#mayHoldOthers(packet)
    if (this.#doubts === 0 && !mayHoldOthers) return false
    this.#readKey(packet)
    const slot = this.#find(packet)
    return slot < 0 ? mayHoldOthers : this.#doubtful[slot] === 1
  }

  /**
   * Counts the packet: whether its group keeps within the rate.
   * @param inBytes whether the rule has a byte rate: it may have another unit than the one that the table was made with
   */
  take(packet: RulePacket, inBytes: boolean): boolean {
    this.#readKey(packet)
    let slot = this.#find(packet)
    if (slot < 0) slot = this.#open(packet)
    else this.#refill(slot, packet)
    const v = slot * VALUES
    const values = this.#values
    const length = packet.fields[packet.base + P_L3_LENGTH]
    if (this.#config.interval !== null) {
      values[v + WINDOW] += this.#config.bytes ? length : 1
      return values[v + TOO_FAST] === 0 && values[v + WINDOW] <= this.#windowMax
    }
    const cost = inBytes ? this.#byteCost(v, length) : this.#cost
    if (values[v + CREDIT] < cost) return false
    values[v + CREDIT] -= cost
    return true
  }

  /** Notes that it is not known whether the packet was counted. */
  doubt(packet: RulePacket): void {
    this.#readKey(packet)
    let slot = this.#find(packet)
    if (slot < 0 && this.#groups.size >= this.#config.entriesMax) {
      this.#othersUntil = ticksAt(packet) + this.#expireTicks
      return
    }
    if (slot < 0) slot = this.#open(packet)
    this.#values[slot * VALUES + EXPIRES] = ticksAt(packet) + this.#expireTicks
    if (this.#doubtful[slot] === 0) this.#doubts++
    this.#doubtful[slot] = 1
  }

  #mayHoldOthers(packet: RulePacket): boolean {
    return this.#othersUntil > this.#lastSweep(packet)
  }

  #byteCost(v: number, length: number): number {
    const values = this.#values
    const cost = Math.min(piecesOf(length) * this.#cost, this.#byteCreditsMax)
    if (values[v + CREDIT] < cost && values[v + REFILLS] > 0) {
      values[v + REFILLS]--
      values[v + CREDIT] = this.#byteCreditsMax
    }
    return cost
  }

  #refill(slot: number, packet: RulePacket): void {
    const v = slot * VALUES
    const values = this.#values
    const now = ticksAt(packet)
    const passed = now - values[v + SINCE]
    values[v + EXPIRES] = now + this.#expireTicks
    if (passed === 0) return
    const { interval, bytes } = this.#config
    if (interval !== null) {
      if (passed < interval * HZ) return
      values[v + TOO_FAST] = Number(values[v + WINDOW] * interval * HZ > passed * this.#rate)
      values[v + WINDOW] = 0
    } else {
      const gained = passed * (bytes ? BYTE_CREDITS_PER_TICK : MICROSECONDS_PER_TICK)
      values[v + CREDIT] = Math.min(this.#cap, values[v + CREDIT] + gained)
    }
    values[v + SINCE] = now
  }

  /** A new group for the key that was read. */
  #open(packet: RulePacket): number {
    const slot = this.#groups.add()
    if (this.#values.length < this.#groups.capacity * VALUES) {
      this.#values = grown(this.#values, new Float64Array(this.#groups.capacity * VALUES))
      this.#doubtful = grown(this.#doubtful, new Uint8Array(this.#groups.capacity))
    }
    const now = ticksAt(packet)
    const v = slot * VALUES
    this.#doubtful[slot] = 0
    this.#values[v + CREDIT] = this.#cap
    this.#values[v + SINCE] = now
    this.#values[v + EXPIRES] = now + this.#expireTicks
    this.#values[v + REFILLS] = this.#config.bytes ? this.#config.burst : this.#cap
    this.#values[v + WINDOW] = 0
    this.#values[v + TOO_FAST] = 0
    return slot
  }

  /**
   * The group of the key that was read, unless the kernel's sweep has taken it away: an expired one lives until then.
   */
  #find(packet: RulePacket): number {
    const slot = this.#groups.find()
    if (slot < 0 || this.#values[slot * VALUES + EXPIRES] > this.#lastSweep(packet)) return slot
    this.#close(slot)
    return -1
  }

  /**
   * The time of the kernel's last sweep. Sweeps have a fixed interval; the rules are assumed to have been loaded at the
   * first frame.
   */
  #lastSweep(packet: RulePacket): number {
    const now = ticksAt(packet)
    return now - (now % this.#collectTicks)
  }

  /** Removes what has expired, once per sweep: with a flood of new groups this is called for every packet. */
  #collect(packet: RulePacket): void {
    const sweep = this.#lastSweep(packet)
    if (sweep === this.#collectedAt) return
    this.#collectedAt = sweep
    for (let slot = 0; slot < this.#groups.high; slot++) {
      if (this.#groups.has(slot) && this.#values[slot * VALUES + EXPIRES] <= sweep) this.#close(slot)
    }
  }

  #close(slot: number): void {
    this.#doubts -= this.#doubtful[slot]
    this.#groups.remove(slot)
  }

  #readKey(packet: RulePacket): void {
    const { fields, base } = packet
    const { key } = this.#groups
    const { bySource, byDestination, bySourcePort, byDestinationPort, sourceMask, destinationMask } = this.#config
    key.fill(0)
    const words = addressWords(packet)
    for (let i = 0; i < words; i++) {
      if (bySource) key[SOURCE + i] = fields[base + P_SRC + i] & sourceMask[i]
      if (byDestination) key[DESTINATION + i] = fields[base + P_DST + i] & destinationMask[i]
    }
    if (bySourcePort || byDestinationPort) {
      const ports = portsOf(packet) ?? 0
      key[PORTS] = ports & ((bySourcePort ? 0xffff_0000 : 0) | (byDestinationPort ? 0xffff : 0))
    }
  }
}

/** As the kernel keeps it: in 64 bits, which may overflow. */
function creditOf(microseconds: number): number {
  const credits = BigInt.asUintN(64, BigInt(microseconds) * BigInt(CREDITS_PER_MICROSECOND))
  return Number(credits) / CREDITS_PER_MICROSECOND
}
