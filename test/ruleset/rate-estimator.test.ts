import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { RateEstimator } from '../../src/ruleset/matches/rate-estimator.ts'
import type { RulePacket } from '../../src/ruleset/packet/rule-packet.ts'
import { tcp, udp } from '../support/packets.ts'
import { compile, decide, errorsOf, filter, matches, packetOf } from './support.ts'

const TICK = 4e6
/** A level of the timer wheel rings at multiples of so many ticks, after the wanted one. */
const GRAIN = [1, 8, 8, 8, 64, 64]

interface Sent {
  readonly at: number
  readonly bytes: number
  /** 0 not, 1 yes, 2 perhaps, and it was, 3 perhaps, and it was not. */
  readonly counted: number
}

/** gen_estimator.c, with a timer that is first set at a tick before the capture. */
class Kernel {
  bytes = 0
  packets = 0
  #nominal: number
  #pendingBytes = 0
  #pendingPackets = 0
  readonly #interval: number
  readonly #log: number
  readonly #setAt: number
  readonly #offsetNs: number

  constructor(interval: number, log: number, setAt: number, offsetNs: number) {
    this.#interval = interval
    this.#log = log
    this.#setAt = setAt
    this.#offsetNs = offsetNs
    this.#nominal = setAt + (62 << interval)
  }

  advance(nowNs: number): void {
    const grain = GRAIN[this.#interval]
    for (;;) {
      const rings = (Math.floor(this.#nominal / grain) + 1) * grain
      if (rings * TICK - this.#offsetNs > nowNs) return
      this.bytes = this.#average(this.bytes, this.#pendingBytes)
      this.packets = this.#average(this.packets, this.#pendingPackets)
      this.#pendingBytes = 0
      this.#pendingPackets = 0
      this.#nominal += 62 << this.#interval
    }
  }

  count(bytes: number): void {
    this.#pendingBytes += bytes
    this.#pendingPackets += 1
  }

  #average(before: number, counted: number): number {
    const weight = 2 ** this.#log
    return before + Math.floor((counted * 2 ** (10 - this.#interval)) / weight) - Math.floor(before / weight)
  }

  get setAt(): number {
    return this.#setAt
  }
}

function packetAt(at: number, bytes: number): RulePacket {
  return packetOf(udp('192.0.2.1:1>198.51.100.2:2', { data: bytes }), { nowNs: at })
}

const sent = fc.record({
  gap: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 600 }), fc.constant(300_000)),
  bytes: fc.integer({ min: 0, max: 1400 }),
  counted: fc.constantFrom(0, 1, 1, 1, 1, 2, 3),
})

test('what the kernel reads lies in the range, whenever its timer was set', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 0, max: TICK - 1 }),
      fc.array(sent, { minLength: 1, maxLength: 200 }),
      (interval, log, back, offsetNs, list) => {
        const ours = new RateEstimator(interval, log)
        // In ticks of a clock that shows 100000 and some at the first frame.
        const first = 100_000 * TICK + offsetNs
        const kernel = new Kernel(interval, log, 100_000 - back, first)
        let at = 0
        const packets: Sent[] = list.map(({ gap, bytes, counted }) => {
          at += gap * 1_000_000
          return { at, bytes, counted }
        })
        for (const { at: now, bytes, counted } of packets) {
          const packet = packetAt(now, bytes)
          kernel.advance(now)
          if (counted === 1 || counted === 2) kernel.count(28 + bytes)
          if (counted !== 0) ours.count(packet, counted === 1)
          ours.readAt(packet)
          const [bps, pps] = [Math.floor(kernel.bytes / 256), Math.floor(kernel.packets / 256)]
          expect(ours.bytesPerSecond.low).toBeLessThanOrEqual(bps)
          expect(ours.bytesPerSecond.high).toBeGreaterThanOrEqual(bps)
          expect(ours.packetsPerSecond.low).toBeLessThanOrEqual(pps)
          expect(ours.packetsPerSecond.high).toBeGreaterThanOrEqual(pps)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('a steady rate is known within a few percent, and silence exactly', () => {
  const estimator = new RateEstimator(0, 2)
  for (let i = 0; i < 6000; i++) estimator.count(packetAt(i * 1e6, 972), true)
  const end = packetAt(6e9, 0)
  estimator.readAt(end)
  expect(estimator.packetsPerSecond.low).toBeGreaterThan(950)
  expect(estimator.packetsPerSecond.high).toBeLessThan(1040)
  expect(estimator.bytesPerSecond.low).toBeGreaterThan(950_000)
  expect(estimator.bytesPerSecond.high).toBeLessThan(1_040_000)
  estimator.readAt(packetAt(3600e9, 0))
  expect([estimator.packetsPerSecond, estimator.bytesPerSecond]).toEqual([
    { low: 0, high: 0 },
    { low: 0, high: 0 },
  ])
})

describe('rules', () => {
  const measure = (name: string, interval = '250ms'): string =>
    `-A PREROUTING -p udp -j RATEEST --rateest-name ${name} --rateest-interval ${interval} --rateest-ewmalog 1s`
  const raw = (...rules: string[]): string => ['*raw', ...rules, 'COMMIT', ''].join('\n')

  /** Answers to a TCP packet after so many seconds with 100 UDP packets each. */
  function asked(match: string, seconds: number, measured = raw(measure('a'))): string {
    const rules = compile(measured + filter(`-A FORWARD -m rateest ${match} -j ACCEPT`))
    const [prerouting] = rules.tablesAt(0)
    for (let i = 0; i < 100 * seconds; i++) {
      prerouting.run(packetOf(udp('192.0.2.1:1>198.51.100.2:2', { data: 72 }), { hook: 0, nowNs: i * 1e7 }))
    }
    const packet = packetOf(tcp('192.0.2.1:1000>198.51.100.2:80', 'S'), { nowNs: seconds * 1e9 })
    return decide(rules, packet).split(' ')[0]
  }

  it.each([
    ['--rateest a --rateest-gt --rateest-pps 50', 'ACCEPT'],
    ['--rateest a --rateest-gt --rateest-pps 100', 'UNKNOWN'],
    ['--rateest a --rateest-gt --rateest-pps 120', 'DROP'],
    ['--rateest a ! --rateest-gt --rateest-pps 120', 'ACCEPT'],
    ['--rateest a --rateest-lt --rateest-bps 20000bps', 'ACCEPT'],
    ['--rateest a --rateest-lt --rateest-bps 20000bps --rateest-pps 50', 'DROP'],
    ['--rateest a --rateest-eq --rateest-pps 7', 'DROP'],
    ['--rateest1 a --rateest-gt --rateest-pps --rateest2 none', 'UNKNOWN'],
    ['--rateest-delta --rateest1 a --rateest-pps1 150 --rateest-gt --rateest-pps2 20', 'ACCEPT'],
    ['--rateest-delta --rateest1 a --rateest-pps1 150 --rateest-gt --rateest-pps2 90', 'DROP'],
    ['--rateest-delta --rateest1 a --rateest-pps1 50 --rateest-eq --rateest-pps2 0', 'ACCEPT'],
  ])('%s: %s', (match, verdict) => {
    expect(asked(match, 5)).toBe(verdict)
  })

  it('nothing was counted before the capture', () => {
    expect(asked('--rateest a --rateest-eq --rateest-pps 0', 0)).toBe('ACCEPT')
  })

  it('the averaging time has not yet passed', () => {
    expect(asked('--rateest a --rateest-gt --rateest-pps 30', 0.5)).toBe('UNKNOWN')
  })

  it('two rules share what has one name', () => {
    const twice = raw(measure('a'), measure('a'))
    expect(asked('--rateest a --rateest-gt --rateest-pps 150', 5, twice)).toBe('ACCEPT')
  })

  it('one name measured in two ways is refused, in whichever tables, as the kernel refuses it', () => {
    const [error] = errorsOf(raw(measure('a')) + raw(measure('a', '500ms')).replace('raw', 'mangle'))
    expect(error).toContain('the rate "a" is measured otherwise in line 2')
    expect(errorsOf(raw(measure('a'), measure('b', '500ms')))).toEqual([])
  })

  it('a rate that no rule measures is not known', () => {
    expect(matches('-m rateest --rateest a --rateest-lt --rateest-bps 1mbit', packetAt(0, 1))).toBe('unknown')
  })
})
