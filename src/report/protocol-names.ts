import { PROTO_DCCP, PROTO_SCTP, PROTO_TCP, PROTO_UDP, PROTO_UDPLITE, protocolName } from '../wire/protocols.ts'
import { type Snippet, snippet } from './byte-writer.ts'

/**
 * The name of a protocol in reports; `proto-99` for one without a name, so that it is always text.
 * @param protocol 0 to 255
 */
export function reportedProtocol(protocol: number): string {
  const name = protocolName(protocol)
  return /^\d/.test(name) ? `proto-${name}` : name
}

/** A text about every protocol, indexed by protocol number. */
export function protocolSnippets(textAbout: (name: string) => string): Snippet[] {
  return Array.from({ length: 256 }, (_, protocol) => snippet(textAbout(reportedProtocol(protocol))))
}

/** Indexed by protocol: 1 where the transport header starts with two ports. */
export const HAS_PORTS = new Uint8Array(256)
for (const protocol of [PROTO_TCP, PROTO_UDP, PROTO_DCCP, PROTO_SCTP, PROTO_UDPLITE]) HAS_PORTS[protocol] = 1
