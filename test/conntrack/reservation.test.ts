import { describe, expect, it } from 'vitest'
import { reserve } from '../../src/conntrack/reservation.ts'

describe('room for records', () => {
  it('is what was asked for', () => {
    expect(reserve(1000, 144, 10).byteLength).toBe(144_000)
  })

  it('is less where the system has not that much', () => {
    const { byteLength } = reserve(2 ** 40, 144, 10)
    expect(byteLength).toBeGreaterThanOrEqual(1440)
    expect(byteLength).toBeLessThan(2 ** 40)
    expect(byteLength % 144).toBe(0)
  })

  it('is an error where it would be too little', () => {
    expect(() => reserve(2 ** 41, 144, 2 ** 40)).toThrow(RangeError)
  })
})
