import type { RulePacket } from './rule-packet.ts'

/** Ticks per second (CONFIG_HZ) of the kernel that is followed. */
export const HZ = 250
const NS_PER_TICK = 1e9 / HZ

/** The kernel's jiffies at a packet, counted from the first frame. */
export function ticksAt(packet: RulePacket): number {
  return Math.floor(packet.nowNs / NS_PER_TICK)
}

/** msecs_to_jiffies */
export function ticksOfMilliseconds(milliseconds: number): number {
  return Math.ceil((milliseconds * HZ) / 1000)
}
