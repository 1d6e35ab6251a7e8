import { IP_V4 } from '../wire/packet-fields.ts'

/** 127.0.0.0/8, ::1 */
export function isLoopback(family: number, fields: Int32Array, at: number): boolean {
  if (family === IP_V4) return fields[at] >>> 24 === 127
  return (fields[at] | fields[at + 1] | fields[at + 2]) === 0 && fields[at + 3] === 1
}

/** The broadcast address of lo, which has 127.0.0.1/8. Packets take the same ways to it as to other addresses of lo. */
export function isLoopbackBroadcast(family: number, fields: Int32Array, at: number): boolean {
  return family === IP_V4 && fields[at] === 0x7fff_ffff
}

export function isMulticast(family: number, fields: Int32Array, at: number): boolean {
  return family === IP_V4 ? fields[at] >>> 28 === 0xe : fields[at] >>> 24 === 0xff
}
