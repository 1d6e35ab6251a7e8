import type { CaptureFrame } from '../../../support/pcap.ts'

/** Packets with a name: what the kernel says to each, and which connections its helpers expect, is recorded. */
export interface HelperProbe {
  readonly name: string
  /** A millisecond apart where no time is given. */
  readonly packets: readonly (Uint8Array | CaptureFrame)[]
  /** Own addresses (ADDR/LEN) of a host; a router without. */
  readonly host?: string
  /** iptables-save text. */
  readonly rules?: string
  readonly rules6?: string
}

export const A = '10.0.0.1'
export const B = '10.9.9.9'
export const A6 = '2001:db8::1'
export const B6 = '2001:db8:9::9'
