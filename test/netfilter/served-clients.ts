import { udp } from '../support/packets.ts'

export const times = (count: number, frame: (i: number) => Uint8Array) =>
  Array.from({ length: count }, (_, i) => frame(i))
/** Many clients of 10.9.9.9. */
export const clients = (count: number) => times(count, (i) => udp(`10.0.0.${i % 250}:${4000 + i}>10.9.9.9:53`))
export const served = (count: number) => [...clients(count), udp('10.9.9.9:53>10.0.0.0:4000')]
