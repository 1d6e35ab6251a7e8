import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { HZ } from '../packet/ticks.ts'

const NS_PER_TICK = 1e9 / HZ
/** The beginnings of periods are not known: so many possible beginnings within a period are followed. */
const PARTS = Math.floor(HZ / 4)
/** Averages are kept in 1/256 of a byte or packet per second. */
const SCALE = 256
/** By intvl_log: ticks by which the kernel's timer wheel may fire too late. */
const LATENESS_TICKS = [1, 8, 8, 8, 64, 64]

/** Least and greatest values. */
export interface RateRange {
  low: number
  high: number
}

/**
 * The kernel's rate estimator (gen_estimator.c): at the end of every period, what was counted in it goes into an
 * exponentially weighted moving average. A capture does not show when the periods of a machine end, so the average is
 * followed for every possible beginning, and is an interval. Nothing was counted before the capture.
 */
export class RateEstimator {
  readonly bytesPerSecond: RateRange = { low: 0, high: 0 }
  readonly packetsPerSecond: RateRange = { low: 0, high: 0 }
  readonly #bytes: MovingAverages
  readonly #packets: MovingAverages
  readonly #stepNs: number
  readonly #lateNs: number
  /** Periods that may have ended, and periods that certainly have, counted over all parts. */
  #begun = 0
  #ended = 0
  #quiet = 0

  /**
   * @param intervalLog period: 250 ms (in whole ticks) << this, 0 to 5
   * @param averageLog a period weighs 1 / 2 ** this
   */
  constructor(intervalLog: number, averageLog: number) {
    this.#bytes = new MovingAverages(intervalLog, averageLog)
    this.#packets = new MovingAverages(intervalLog, averageLog)
    this.#stepNs = NS_PER_TICK * 2 ** intervalLog
    this.#lateNs = this.#stepNs + NS_PER_TICK * LATENESS_TICKS[intervalLog]
  }

  /** @param certain false where the packet may have come to the rule or not */
  count(packet: RulePacket, certain: boolean): void {
    this.#advance(packet.nowNs)
    this.#quiet = 0
    this.#bytes.count(packet.fields[packet.base + P_L3_LENGTH], certain)
    this.#packets.count(1, certain)
  }

  /** Brings both ranges to the time of the packet. */
  readAt(packet: RulePacket): void {
    this.#advance(packet.nowNs)
    this.#bytes.read(this.bytesPerSecond)
    this.#packets.read(this.packetsPerSecond)
  }

  #advance(nowNs: number): void {
    while (this.#ended * this.#stepNs + this.#lateNs <= nowNs) {
      if (this.#begun * this.#stepNs <= this.#ended * this.#stepNs + this.#lateNs) this.#begin()
      else this.#end()
      // After two whole periods without a change, nothing changes until the next packet.
      if (this.#quiet > 4 * PARTS) this.#skipTo(nowNs)
    }
    while (this.#begun * this.#stepNs <= nowNs) this.#begin()
  }

  #begin(): void {
    const part = this.#begun++ % PARTS
    this.#bytes.begin(part)
    this.#packets.begin(part)
  }

  #end(): void {
    const part = this.#ended++ % PARTS
    const changed = this.#bytes.end(part)
    this.#quiet = this.#packets.end(part) || changed ? 0 : this.#quiet + 1
  }

  #skipTo(nowNs: number): void {
    const periods = Math.floor((nowNs - this.#lateNs) / this.#stepNs / PARTS - this.#ended / PARTS)
    if (periods < 1) return
    this.#begun += periods * PARTS
    this.#ended += periods * PARTS
  }
}

/** The average of one quantity, for each part of a period. */
class MovingAverages {
  readonly #perSecond: number
  readonly #weight: number
  /** What was certainly counted, and what may have been. */
  #counted = 0
  #perhaps = 0
  readonly #low = new Float64Array(PARTS)
  readonly #high = new Float64Array(PARTS)
  /** 1 while a period may just have ended or not. */
  readonly #open = new Uint8Array(PARTS)
  /** #counted and #perhaps when the period began and ended, at the earliest and the latest. */
  readonly #countedAtEnd = new Float64Array(PARTS)
  readonly #countedAtBegin = new Float64Array(PARTS)
  readonly #perhapsAtBegin = new Float64Array(PARTS)
  readonly #perhapsBefore = new Float64Array(PARTS)

  constructor(intervalLog: number, averageLog: number) {
    this.#perSecond = 2 ** (10 - intervalLog)
    this.#weight = 2 ** averageLog
  }

  count(amount: number, certain: boolean): void {
    if (certain) this.#counted += amount
    this.#perhaps += amount
  }

  /** From now on the period of this part may have ended. */
  begin(part: number): void {
    this.#open[part] = 1
    this.#countedAtBegin[part] = this.#counted
    this.#perhapsBefore[part] = this.#perhapsAtBegin[part]
    this.#perhapsAtBegin[part] = this.#perhaps
  }

  /** The period of this part has certainly ended. @returns whether the average has changed */
  end(part: number): boolean {
    const low = this.#lowAfter(part)
    const high = this.#highAfter(part)
    const changed = low !== this.#low[part] || high !== this.#high[part]
    this.#low[part] = low
    this.#high[part] = high
    this.#countedAtEnd[part] = this.#counted
    this.#open[part] = 0
    return changed
  }

  read(range: RateRange): void {
    let low = Number.POSITIVE_INFINITY
    let high = 0
    for (let part = 0; part < PARTS; part++) {
      low = Math.min(low, this.#low[part])
      high = Math.max(high, this.#high[part])
      if (this.#open[part] === 0) continue
      low = Math.min(low, this.#lowAfter(part))
      high = Math.max(high, this.#highAfter(part))
    }
    range.low = Math.floor(low / SCALE)
    range.high = Math.floor(high / SCALE)
  }

  #lowAfter(part: number): number {
    return this.#average(this.#low[part], Math.max(this.#countedAtBegin[part] - this.#countedAtEnd[part], 0))
  }

  #highAfter(part: number): number {
    return this.#average(this.#high[part], this.#perhaps - this.#perhapsBefore[part])
  }

  /** est_timer: shifts cut off what is less than one. */
  #average(before: number, counted: number): number {
    const rate = counted * this.#perSecond
    return before + Math.floor(rate / this.#weight) - Math.floor(before / this.#weight)
  }
}

/** The estimators of a replay, by name: rules of all tables and both families share them. */
export class RateEstimators {
  readonly #named = new Map<string, RateEstimator>()

  get(name: string): RateEstimator | null {
    return this.#named.get(name) ?? null
  }

  /** As it is, where it was made before. */
  make(name: string, intervalLog: number, averageLog: number): RateEstimator {
    const known = this.#named.get(name)
    if (known !== undefined) return known
    const made = new RateEstimator(intervalLog, averageLog)
    this.#named.set(name, made)
    return made
  }
}
