/**
 * Layout of a connection entry: 36 integers (144 bytes) in one Int32Array, and times in a Float64Array over the same
 * memory. The last integer is padding, which keeps the times at multiples of eight bytes.
 *
 * The key holds both ends of the connection in an order that does not depend on the packet's direction, so that packets
 * of both directions find the same entry (tuple.ts).
 */
export const ENTRY_INTS = 36

/**
 * Words of the address of end A: of the lower end, or for ICMP of the host that sent the request. IPv4 uses the first.
 */
export const E_ADDRESS_A = 0
/** Words of the address of end B: of the higher end, or for ICMP of the host that was asked. IPv4 uses the first. */
export const E_ADDRESS_B = 4
/** Port of A << 16 | port of B; for ICMP the identifier << 16 | type of the request << 8 | code. */
export const E_PORTS = 8
/** Protocol, KIND_ bits, zone << 16. */
export const E_KIND = 9
/** IPS_ bits and ENTRY_ bits. */
export const E_STATUS = 10
/**
 * TCP and UDP: numbers of the ways (netfilter/fast-path/flow-cache.ts) that packets of the original direction (low
 * half) and of the reply direction take through the rules; 0 for none. The tracker itself only sets it to 0 in a new
 * entry.
 */
export const E_WAYS = 11
/** Float64, nanoseconds on the replay's clock: index E_EXPIRY / 2 in the Float64Array. */
export const E_EXPIRY = 12
/** Record in the ExtensionTable, 0 for none. */
export const E_EXTENSION = 14
/** Number of the connection, from 1, in the order of creation. */
export const E_NUMBER = 15
/** First of the words that belong to the protocol's tracker. */
const E_PROTOCOL = 16

export const KIND_PROTOCOL_MASK = 0xff
export { KIND_IPV6 } from '../wire/flow-hash.ts'
export const KIND_ZONE_SHIFT = 16

/** The original direction goes from B to A. Above all IPS_ bits. */
export const ENTRY_ORIGINAL_FROM_B = 1 << 30
/** The reply tuple is not the inverse of the original one (NAT, zones): it has a key of its own in the extension. */
export const ENTRY_TWO_TUPLES = 1 << 29
/** A helper remembers something of it, or expects connections on its behalf: both are forgotten with it. */
export const ENTRY_HAS_HELPER_STATE = 1 << 28
/** It was given back, but is not used again as long as connections that it announced name it as their master. */
export const ENTRY_OUTLIVED = 1 << 26
/** The table's watchers are told what becomes of it. */
export const ENTRY_WATCHED = 1 << 27

/** Float64, UDP and UDP-Lite: from when on the flow counts as a stream. */
export const E_STREAM_SINCE = E_PROTOCOL

/** TCP, per direction at E_TCP_SIDE + direction * TCP_SIDE_INTS. */
export const E_TCP_SIDE = E_PROTOCOL
export const TCP_SIDE_INTS = 7
/** End of the data sent so far: sequence number + length. */
export const TCP_END = 0
/** Highest end that the peer's window allows. */
export const TCP_MAX_END = 1
/** Largest window ever announced, scaled. */
export const TCP_MAX_WINDOW = 2
/** Highest acknowledgement number sent. */
export const TCP_MAX_ACK = 3
/** TCP_SIDE_ flags in the low byte, window scale << 8. */
export const TCP_SIDE_FLAGS = 4
/** Frame that set TCP_END, and TCP_MAX_END. */
export const TCP_END_FRAME = 5
export const TCP_MAX_END_FRAME = 6

/** State, last segment, retransmissions and the last ignored SYN; protocols/tcp-word.ts has the layout. */
export const E_TCP_STATE = E_TCP_SIDE + 2 * TCP_SIDE_INTS
export const E_TCP_LAST_SEQ = E_TCP_STATE + 1
export const E_TCP_LAST_ACK = E_TCP_STATE + 2
export const E_TCP_LAST_END = E_TCP_STATE + 3
export const E_TCP_LAST_WINDOW = E_TCP_STATE + 4

/** SCTP: verification tag of each direction (the tag that packets of that direction carry), state, flags. */
export const E_SCTP_TAG = E_PROTOCOL
export const E_SCTP_STATE = E_PROTOCOL + 2
export const E_SCTP_FLAGS = E_PROTOCOL + 3
