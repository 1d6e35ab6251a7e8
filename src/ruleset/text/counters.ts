import type { Counters } from '../rule.ts'

const COUNTER_MAX = 0xffff_ffff_ffff_ffffn

/**
 * `packets:bytes`, each as scanf's %llu reads it: leading spaces and a sign are accepted, and what follows is ignored.
 * null where a number is missing.
 */
export function parseCounters(packets: string, bytes: string): Counters | null {
  const [first, second] = [packets, bytes].map(parseCounter)
  return first === null || second === null ? null : { packets: first, bytes: second }
}

function parseCounter(text: string): number | bigint | null {
  const [, sign, digits] = /^[ \t]*([-+]?)([0-9]+)/.exec(text) ?? []
  if (digits === undefined) return null
  const magnitude = BigInt(digits)
  if (magnitude > COUNTER_MAX) return COUNTER_MAX
  const counter = sign === '-' ? BigInt.asUintN(64, -magnitude) : magnitude
  return counter <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(counter) : counter
}
