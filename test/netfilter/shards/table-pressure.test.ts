import { describe, expect, it } from 'vitest'
import { ConnectionTable } from '../../../src/conntrack/table.ts'
import { TablePressure } from '../../../src/netfilter/shards/table-pressure.ts'

/** A table that says what it holds, and what it ever made. */
function table(count: number, created: number): ConnectionTable {
  return Object.assign(new ConnectionTable(0), { count, created })
}

describe('what a table for all may hold', () => {
  it('is what the second before began with, and all that was made since', () => {
    const pressure = new TablePressure()
    pressure.note(0, table(0, 0))
    expect(pressure.take(table(5, 5))).toBe(5)
    pressure.note(1e9, table(3, 5))
    pressure.note(1.9e9, table(4, 8))
    expect(pressure.take(table(4, 8))).toBe(8)
    pressure.note(2e9, table(4, 9))
    expect(pressure.take(table(4, 10))).toBe(9)
    pressure.note(2.1e9, table(4, 10))
    expect(pressure.take(table(4, 10))).toBe(8)
  })

  it('forgets what was long ago', () => {
    const pressure = new TablePressure()
    pressure.note(0, table(0, 0))
    pressure.note(1e8, table(900, 900))
    pressure.note(60e9, table(2, 900))
    expect(pressure.take(table(2, 901))).toBe(900)
    expect(pressure.take(table(2, 902))).toBe(4)
  })
})
