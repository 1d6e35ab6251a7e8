import { describe, expect, it } from 'vitest'
import {
  ANY_PORT,
  EXPECT_ADDED,
  EXPECT_ALREADY,
  EXPECT_BUSY,
  EXPECT_FULL,
  type Expectation,
  ExpectationTable,
} from '../../src/conntrack/expectations.ts'

const POLICY = { maxExpected: 2, timeoutSeconds: 10 }
const NO_LIMIT = { maxExpected: 0, timeoutSeconds: 10 }
const SECOND = 1e9
const EXPECT_MAX = 200

const expectation = (port: number, more: Partial<Expectation> = {}): Expectation => ({
  family: 4,
  protocol: 6,
  zone: 0,
  source: [1],
  sourcePort: ANY_PORT,
  destination: [2],
  destinationPort: port,
  policy: 0,
  helper: null,
  permanent: false,
  announcedBy: 0,
  direction: 0,
  follow: null,
  ...more,
})
const take = (table: ExpectationTable, port: number, nowNs = 0, source = 1, sourcePort = 5) =>
  table.take(
    { family: 4, protocol: 6, zone: 0, source: [source], sourcePort, destination: [2], destinationPort: port },
    nowNs,
  )?.destinationPort ?? null

describe('expectations', () => {
  it('are met once, by what they describe', () => {
    const table = new ExpectationTable(EXPECT_MAX)
    expect(table.add(expectation(80), POLICY, 7, 0)).toBe(EXPECT_ADDED)
    expect(take(table, 81)).toBe(null)
    expect(take(table, 80, 0, 3)).toBe(null)
    expect(take(table, 80)).toBe(80)
    expect(take(table, 80)).toBe(null)
    expect(table.count).toBe(0)
  })

  it('stay when they are permanent, and end with their time', () => {
    const table = new ExpectationTable(EXPECT_MAX)
    table.add(expectation(80, { permanent: true }), POLICY, 7, 0)
    expect(take(table, 80)).toBe(80)
    expect(take(table, 80, 10 * SECOND - 1)).toBe(80)
    expect(take(table, 80, 10 * SECOND)).toBe(null)
    expect(table.count).toBe(0)
  })

  it('make room for newer ones of their policy, the oldest first', () => {
    const table = new ExpectationTable(EXPECT_MAX)
    for (const port of [80, 81, 82]) expect(table.add(expectation(port), POLICY, 7, 0)).toBe(EXPECT_ADDED)
    table.add(expectation(83, { policy: 1 }), POLICY, 7, 0)
    expect([80, 81, 82, 83].map((port) => take(table, port))).toEqual([null, 81, 82, 83])
  })

  it('take the place of identical ones, and are refused where another stands for the same packets', () => {
    const table = new ExpectationTable(EXPECT_MAX)
    table.add(expectation(80), NO_LIMIT, 7, 0)
    expect(table.add(expectation(80), NO_LIMIT, 7, 5 * SECOND)).toBe(EXPECT_ADDED)
    expect(table.count).toBe(1)
    expect(table.add(expectation(80, { source: null }), NO_LIMIT, 7, 0)).toBe(EXPECT_BUSY)
    expect(table.add(expectation(80, { sourcePort: 9 }), NO_LIMIT, 7, 0)).toBe(EXPECT_BUSY)
    expect(table.add(expectation(80), NO_LIMIT, 8, 0)).toBe(EXPECT_BUSY)
    expect(table.add(expectation(80, { anyMaster: true }), NO_LIMIT, 8, 0)).toBe(EXPECT_ALREADY)
    expect(table.add(expectation(80, { source: [3] }), NO_LIMIT, 8, 0)).toBe(EXPECT_ADDED)
    expect(take(table, 80, 14 * SECOND)).toBe(80)
  })

  it('look at the bits of the source that the mask has', () => {
    const table = new ExpectationTable(EXPECT_MAX)
    table.add(expectation(80, { source: [0x0a0000ff], sourceMask: ~255, permanent: true }), POLICY, 7, 0)
    expect(take(table, 80, 0, 0x0a000007)).toBe(80)
    expect(take(table, 80, 0, 0x0a000107)).toBe(null)
  })

  it('sleep until they are woken', () => {
    const table = new ExpectationTable(EXPECT_MAX)
    table.add(expectation(80, { inactive: true }), POLICY, 7, 0)
    expect(take(table, 80)).toBe(null)
    const [one] = table.ofMaster(7, 0)
    table.renew(one, 600 * SECOND)
    expect(take(table, 80, 599 * SECOND)).toBe(80)
  })

  it('go with their master, and are not met when it is over', () => {
    const table = new ExpectationTable(EXPECT_MAX)
    table.add(expectation(80), POLICY, 7, 0)
    table.add(expectation(81), POLICY, 8, 0)
    table.forgetOf(7)
    table.masterLives = (master) => master !== 8
    expect([take(table, 80), take(table, 81), table.count]).toEqual([null, null, 1])
  })

  it('are no more than the kernel keeps, and what has expired does not count', () => {
    const table = new ExpectationTable(EXPECT_MAX)
    for (let i = 0; i < EXPECT_MAX; i++) table.add(expectation(i), NO_LIMIT, i, 0)
    expect(table.add(expectation(60_000), NO_LIMIT, 7, 0)).toBe(EXPECT_FULL)
    expect(table.add(expectation(60_000), NO_LIMIT, 7, 10 * SECOND)).toBe(EXPECT_ADDED)
    expect(table.count).toBe(1)
  })
})
