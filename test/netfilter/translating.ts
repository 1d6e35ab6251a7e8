import { udp } from '../support/packets.ts'
import { Replaying, type Setting, table } from './replaying.ts'

export const nat = (...rules: string[]) => table('nat', ...rules)
export const filter = (...rules: string[]) => table('filter', ...rules)

/** A router with these nat rules, and whatever else is asked for. */
export const router = (rules: string, more: Setting = {}) => new Replaying({ rules, ...more })

/** The tuple of the answers to each packet, which opens a connection. */
export function answersTo(one: Replaying, packets: readonly Uint8Array[]): string[] {
  return packets.map((packet) => {
    one.say(packet)
    return one.answers
  })
}

export const QUESTION = udp('10.0.0.1:4000>10.9.9.9:53')
