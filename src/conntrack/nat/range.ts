/** Which part of a packet a translation changes. */
export const MANIP_SOURCE = 0
export const MANIP_DESTINATION = 1

/** The kernel tries so many ports before it gives up on finding a free one. */
export const PORT_ATTEMPTS = 128

/** What a translation may turn an address and port into. */
export interface NatRange {
  /** Words of the lowest and highest address; null leaves the address as it is. */
  readonly minAddress: readonly number[] | null
  readonly maxAddress: readonly number[] | null
  /** Ports (ICMP: identifiers), both included; -1 where the rule names none. */
  readonly minPort: number
  readonly maxPort: number
  /** Port shifting (`--to-destination 10.0.0.1:5000-5010/2000`): what minPort stands for; -1 without. */
  readonly basePort: number
  /** One client keeps one address, wherever it goes. */
  readonly persistent: boolean
  /** The port (ICMP: identifier) is chosen at random, even where the one that is there is free. */
  readonly random: boolean
}

export const ANY_RANGE: NatRange = {
  minAddress: null,
  maxAddress: null,
  minPort: -1,
  maxPort: -1,
  basePort: -1,
  persistent: false,
  random: false,
}
