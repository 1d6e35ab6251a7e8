import { PROTO_GRE, PROTO_TCP } from '../../wire/protocols.ts'
import { EXPECT_ADDED, type Follow } from '../expectations.ts'
import { HELP_ACCEPT, type HelpedPacket, type Helper, isAnswered } from './helper.ts'
import {
  CALL_CLEAR_REQUEST,
  CALL_DISCONNECT_NOTIFY,
  IN_CALL_CONNECT,
  IN_CALL_REPLY,
  IN_CALL_REQUEST,
  OUT_CALL_REPLY,
  OUT_CALL_REQUEST,
  type PptpMessage,
  RESULT_OK,
  readPptpMessage,
  START_SESSION_REPLY,
  START_SESSION_REQUEST,
  STOP_SESSION_REPLY,
  STOP_SESSION_REQUEST,
} from './pptp-messages.ts'

/** States of the session, in the order in which the helper compares them. */
const SESSION_NONE = 0
const SESSION_ERROR = 1
const SESSION_STOPPING = 2
const SESSION_REQUESTED = 3
const SESSION_CONFIRMED = 4

/** State of the call that the last message was about. */
type Call = 'none' | 'out requested' | 'out' | 'in requested' | 'in replied' | 'in' | 'clearing'

/** One direction of an announced tunnel: addresses and keys of its packets. */
interface GreKey {
  readonly source: readonly number[]
  readonly destination: readonly number[]
  readonly callId: number
  readonly sourceKey: number
}

interface PptpMemory {
  session: number
  call: Call
  /** Call identifiers of the client (PNS), as the server knows it, and of the server (PAC). */
  clientCall: number
  serverCall: number
  /** If the connection is translated: the client's own identifier of its outgoing call. */
  ownClientCall: number
  /** Addresses of the control connection, by direction. */
  readonly ends: readonly { readonly source: readonly number[]; readonly destination: readonly number[] }[]
  /** Entries in the key map, by direction. */
  keys: (GreKey | null)[]
}

/**
 * PPTP (RFC 2637): the control connection negotiates call identifiers, under which GRE packets come from both sides.
 * The kernel takes the one who opened the control connection for the client.
 */
export const PPTP: Helper = {
  name: 'pptp',
  protocols: [PROTO_TCP],
  ipv6: false,
  policies: [{ maxExpected: 2, timeoutSeconds: 300 }],
  reads: 20,
  help(packet: HelpedPacket): number {
    if (!isAnswered(packet.info)) return HELP_ACCEPT
    const message = readPptpMessage(packet.bytes, packet.payload, packet.payloadLength)
    if (message === null) return HELP_ACCEPT
    const memory = packet.memory(() => newMemory(packet))
    if (packet.direction === 0) heardFromClient(packet, message, memory)
    else heardFromServer(packet, message, memory)
    return HELP_ACCEPT
  },
  ended(packet, memory): void {
    endTunnels(packet, memory as PptpMemory)
  },
}

function newMemory(packet: HelpedPacket): PptpMemory {
  const ends = [0, 1].map((direction) => ({
    source: packet.address(direction, false),
    destination: packet.address(direction, true),
  }))
  return {
    session: SESSION_NONE,
    call: 'none',
    clientCall: 0,
    serverCall: 0,
    ownClientCall: 0,
    ends,
    keys: [null, null],
  }
}

function heardFromClient(packet: HelpedPacket, message: PptpMessage, memory: PptpMemory): void {
  const { type, first, second, result } = message
  switch (type) {
    case START_SESSION_REQUEST:
      if (memory.session === SESSION_NONE) memory.session = SESSION_REQUESTED
      break
    case STOP_SESSION_REQUEST:
      memory.session = SESSION_STOPPING
      break
    case OUT_CALL_REQUEST:
      if (memory.session !== SESSION_CONFIRMED) break
      memory.call = 'out requested'
      memory.clientCall = first
      if (packet.isTranslated) {
        // NAT uses the outer port of the control connection as the call's identifier.
        memory.ownClientCall = first
        memory.clientCall = packet.port(1, true)
      }
      break
    case IN_CALL_REPLY:
      if (memory.call !== 'in requested' && memory.call !== 'in replied') break
      if (memory.serverCall !== second) break
      memory.call = result === RESULT_OK ? 'in replied' : 'none'
      if (result === RESULT_OK) memory.clientCall = first
      break
    case CALL_CLEAR_REQUEST:
      if (memory.session === SESSION_CONFIRMED) memory.call = 'clearing'
      break
  }
}

function heardFromServer(packet: HelpedPacket, message: PptpMessage, memory: PptpMemory): void {
  const { type, first, second, result } = message
  switch (type) {
    case START_SESSION_REPLY:
      if (memory.session < SESSION_REQUESTED) break
      memory.session = result === RESULT_OK ? SESSION_CONFIRMED : SESSION_ERROR
      break
    case STOP_SESSION_REPLY:
      if (memory.session > SESSION_STOPPING) break
      memory.session = result === RESULT_OK ? SESSION_NONE : SESSION_ERROR
      break
    case OUT_CALL_REPLY:
      if (memory.session !== SESSION_CONFIRMED) break
      if (memory.call !== 'out requested' && memory.call !== 'out') break
      if (memory.clientCall !== second) break
      memory.call = result === RESULT_OK ? 'out' : 'none'
      if (result === RESULT_OK) {
        memory.serverCall = first
        expectTunnel(packet, memory, first, second)
      }
      break
    case IN_CALL_REQUEST:
      if (memory.session !== SESSION_CONFIRMED) break
      memory.call = 'in requested'
      memory.serverCall = first
      break
    case IN_CALL_CONNECT:
      if (memory.session !== SESSION_CONFIRMED) break
      if (memory.call !== 'in replied' && memory.call !== 'in') break
      if (memory.clientCall !== first) break
      memory.call = 'in'
      expectTunnel(packet, memory, memory.serverCall, first)
      break
    case CALL_DISCONNECT_NOTIFY:
      memory.call = 'none'
      endTunnels(packet, memory)
      break
  }
}

/** Expects GRE packets from either side; the first that arrives removes the other expectation. */
function expectTunnel(packet: HelpedPacket, memory: PptpMemory, serverCall: number, clientCall: number): void {
  // Keys are those before translation: packets from the client carry its own identifier.
  const own = packet.isTranslated ? memory.ownClientCall : clientCall
  const keys: GreKey[] = [
    { ...memory.ends[0], callId: serverCall, sourceKey: own },
    { ...memory.ends[1], callId: packet.isTranslated ? memory.clientCall : clientCall, sourceKey: serverCall },
  ]
  for (const [direction, key] of keys.entries()) {
    const { source, destination, callId, sourceKey } = key
    const result = packet.expect({
      protocol: PROTO_GRE,
      source,
      sourcePort: sourceKey,
      destination,
      destinationPort: callId,
      pairedWith: tupleOf(keys[1 - direction]),
      follow: followOf(packet, memory, direction),
    })
    if (result !== EXPECT_ADDED) {
      forgetTunnel(packet, keys)
      return
    }
  }
  for (const [direction, key] of keys.entries()) {
    const mapped = memory.keys[direction]
    if (mapped === null) {
      memory.keys[direction] = key
      packet.mapGreKey(key.source, key.destination, key.callId, key.sourceKey)
    } else if (mapped.callId !== key.callId) {
      // Only one tunnel of a control connection has its keys mapped; another call gets none.
      if (direction === 1) unmapKeys(packet, memory)
      forgetTunnel(packet, keys)
      return
    }
  }
}

/**
 * The translation of one direction: the addresses of the control connection, and the outer identifier for the client's
 * own.
 */
function followOf(packet: HelpedPacket, memory: PptpMemory, direction: number): Follow | null {
  if (!packet.isTranslated) return null
  const { source, destination } = memory.ends[1 - direction]
  return {
    source: destination,
    sourcePort: direction === 0 ? memory.clientCall : -1,
    destination: source,
    destinationPort: direction === 0 ? -1 : memory.ownClientCall,
    onlyFrom: null,
  }
}

function forgetTunnel(packet: HelpedPacket, keys: readonly GreKey[]): void {
  for (const key of keys) {
    const one = packet.findExpected(tupleOf(key))
    if (one !== null) packet.forgetExpected(one)
  }
}

function tupleOf({ source, destination, callId, sourceKey }: GreKey) {
  return { protocol: PROTO_GRE, source, sourcePort: sourceKey, destination, destinationPort: callId }
}

function unmapKeys(packet: HelpedPacket, memory: PptpMemory): void {
  for (const key of memory.keys) if (key !== null) packet.unmapGreKey(key.source, key.destination, key.callId)
  memory.keys = [null, null]
}

/** The call is over: removes its tunnel, or the expectation of it, at once. */
function endTunnels(packet: HelpedPacket, memory: PptpMemory): void {
  unmapKeys(packet, memory)
  const { clientCall, serverCall, ends } = memory
  const keys: GreKey[] = [
    { ...ends[0], callId: serverCall, sourceKey: clientCall },
    { ...ends[1], callId: clientCall, sourceKey: serverCall },
  ]
  for (const key of keys) {
    const tunnel = packet.find(PROTO_GRE, key.source, key.destination, key.sourceKey, key.callId)
    if (tunnel >= 0) packet.kill(tunnel)
    else forgetTunnel(packet, [key])
  }
}
