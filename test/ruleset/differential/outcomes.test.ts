import { expect, test } from 'vitest'
import { Outcomes } from './outcomes.ts'

test('an option lacks until it was taken and refused, by each name and in each family', () => {
  const outcomes = new Outcomes()
  const lacks = (key: string): boolean => outcomes.lacking().includes(key)
  expect(lacks('ipv4 mark --mark')).toBe(true)
  outcomes.count('ipv4', 'mark', 'mark', true)
  expect(lacks('ipv4 mark --mark')).toBe(true)
  outcomes.count('ipv4', 'mark', 'mark', false)
  expect(lacks('ipv4 mark --mark')).toBe(false)
  expect(lacks('ipv6 mark --mark')).toBe(true)
  expect(lacks('ipv4 tcp --dport')).toBe(true)
  expect(lacks('ipv4 tcp --destination-port')).toBe(true)
  expect(lacks('ipv6 ttl --ttl-eq')).toBe(false)
})

test('an option that no extension has is none', () => {
  const outcomes = new Outcomes()
  outcomes.count('ipv4', 'mark', 'mark', true)
  outcomes.count('ipv4', 'mark', 'remark', true)
  expect(outcomes.unknown()).toEqual(['ipv4 mark --remark'])
})
