import type { ConnectionReader } from '../conntrack/connection-reader.ts'
import { type CurrentConnection, NO_ENTRY } from '../conntrack/current-connection.ts'
import type { Finding } from '../conntrack/finding.ts'
import { NatBinder } from '../conntrack/nat/binder.ts'
import { followMaster } from '../conntrack/nat/follow-master.ts'
import { ANY_RANGE, MANIP_DESTINATION, MANIP_SOURCE, type NatRange } from '../conntrack/nat/range.ts'
import { needsTranslation, translate } from '../conntrack/nat/translate.ts'
import { ICMPV6_REDIRECT } from '../conntrack/protocols/icmp-types.ts'
import { REASON_NAT_CHECKSUM, REASON_NAT_CLASH, REASON_NAT_QUOTE, REASON_NAT_REDIRECT } from '../conntrack/reasons.ts'
import {
  CT_NEW,
  CT_RELATED,
  CT_RELATED_REPLY,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
} from '../conntrack/status.ts'
import { hasPorts } from '../conntrack/tuple.ts'
import { HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from '../ruleset/packet/hooks.ts'
import type { NatSpec } from '../ruleset/packet/nat-spec.ts'
import { PART_DESTINATION, PART_ROUTE, PART_SOURCE } from '../ruleset/packet/packet-edits.ts'
import { type RulePacket, VERDICT_ACCEPT, VERDICT_DROP, VERDICT_UNKNOWN } from '../ruleset/packet/rule-packet.ts'
import { transportChecksumState } from '../wire/checksum.ts'
import {
  CHECKSUM_BAD,
  IP_V4,
  IP_V6,
  P_DST,
  P_FAMILY,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
} from '../wire/packet-fields.ts'
import { PROTO_GRE, PROTO_ICMP, PROTO_ICMPV6 } from '../wire/protocols.ts'
import { isLoopback } from './address-kinds.ts'
import type { ChecksumPolicy } from './checksum-policy.ts'
import { INTERFACE_LOOPBACK } from './interfaces.ts'
import { scopeOf, scopeText } from './ipv6-scope.ts'
import type { RulesAtHooks } from './rules-at-hooks.ts'
import type { Topology } from './topology.ts'
import { UnsureTranslations } from './unsure-translations.ts'

const ICMP_REDIRECT = 5
const NAT_DONE = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE
/** Bytes of a quoted transport header that must be there, since the kernel changes ports in it. */
const QUOTE_NEEDED = 8
const GRE_HEADER_NEEDED = 8
const GRE_VERSION_MASK = 7
const GRE_VERSION_PPTP = 1
const LOOPBACK_V4 = [0x7f000001]
const LOOPBACK_V6 = [0, 0, 0, 1]

/**
 * The nat table at its hooks: binds a connection by its first packet, and translates packets, so that later rules see
 * them translated. PREROUTING and OUTPUT change destinations, POSTROUTING and INPUT sources; for replies it is the
 * other way round.
 */
export class NatHooks {
  /** The destination of the current packet was changed. */
  changedDestination = false
  /** A rule redirected the current packet to the machine itself, at an address that is not known. */
  redirected = false
  /** What is missing where `run` returned VERDICT_UNKNOWN because an address of the machine is not known; else null. */
  missing: string | null = null
  /** Connections whose source may be translated, and by which rule; they are replayed as if it were not. */
  readonly unsureSources = new UnsureTranslations()
  readonly binder: NatBinder
  readonly #current: CurrentConnection
  readonly #connections: ConnectionReader
  readonly #topology: Topology
  readonly #checksums: ChecksumPolicy
  readonly #finding: Finding

  constructor(
    current: CurrentConnection,
    connections: ConnectionReader,
    { topology, checksums }: { topology: Topology; checksums: ChecksumPolicy },
    finding: Finding,
  ) {
    this.#finding = finding
    this.binder = new NatBinder(current)
    this.#current = current
    this.#connections = connections
    this.#topology = topology
    this.#checksums = checksums
  }

  begin(): void {
    this.changedDestination = false
    this.redirected = false
    this.missing = null
  }

  /**
   * Whether the current packet's connection cannot be confirmed, because its answers would belong to another one. The
   * reason is in `finding`.
   */
  isClash(hasNat: boolean): boolean {
    const { id, isConfirmed, table } = this.#current
    if (id === NO_ENTRY || isConfirmed || !(hasNat || table.hasSplitZones) || !this.binder.isClash()) return false
    this.#finding.set(REASON_NAT_CLASH, 0, 0, 0)
    return true
  }

  /** If the current packet's connection was announced by a translated one, translates it likewise. */
  followMaster(): void {
    const { fulfilled, id, expectations, nowNs } = this.#current
    if (id === NO_ENTRY || fulfilled === null) return
    followMaster(this.binder, id, fulfilled, this.#connections, expectations, nowNs)
  }

  /** Runs the nat table's chain at the packet's hook. @returns a VERDICT_ */
  run(packet: RulePacket, rules: RulesAtHooks): number {
    const { id, info } = this.#current
    if (id === NO_ENTRY) return VERDICT_ACCEPT
    const { hook } = packet
    const manip = hook === HOOK_POSTROUTING || hook === HOOK_INPUT ? MANIP_SOURCE : MANIP_DESTINATION
    const isNew = info === CT_NEW || (info === CT_RELATED && !isIcmp(packet)) || info === CT_RELATED_REPLY
    const isAsked = isNew && !this.binder.isBound(manip)
    if (isIcmpError(packet, info)) {
      if (!this.#canTranslateError(packet, manip)) return VERDICT_DROP
    } else if (isAsked) {
      const verdict = this.#ask(packet, rules, manip)
      if (verdict !== VERDICT_ACCEPT) return verdict
    }
    if (!this.#translate(packet, manip)) {
      if (!isAsked) packet.decidedBy = -1
      return VERDICT_DROP
    }
    return hook === HOOK_OUTPUT && this.#leadsLoopbackOut(packet) ? VERDICT_DROP : VERDICT_ACCEPT
  }

  /**
   * For a packet that is not followed to the hook that could change its source: its connection is done with the nat
   * table all the same.
   */
  passBy(): void {
    if (this.#current.id !== NO_ENTRY && !this.binder.isBound(MANIP_SOURCE)) this.binder.bind(MANIP_SOURCE, ANY_RANGE)
  }

  /**
   * Whether the kernel can translate the packet that an ICMP error quotes; otherwise it drops the error. The reason is
   * in `finding`.
   */
  #canTranslateError(packet: RulePacket, manip: number): boolean {
    const { id, direction, quotedTransportBytes } = this.#current
    if (this.#hasBadChecksum(packet)) {
      packet.decidedBy = -1
      this.#finding.set(REASON_NAT_CHECKSUM, 0, 0, 0)
      return false
    }
    const status = this.#connections.status(id)
    const type = packet.fields[packet.base + P_PORTS] >>> 24
    const isV6 = packet.fields[packet.base + P_FAMILY] === IP_V6
    if (type === (isV6 ? ICMPV6_REDIRECT : ICMP_REDIRECT)) {
      if ((status & NAT_DONE) !== NAT_DONE || (status & (IPS_SRC_NAT | IPS_DST_NAT)) !== 0) {
        packet.decidedBy = -1
        this.#finding.set(REASON_NAT_REDIRECT, 0, 0, 0)
        return false
      }
    }
    if (quotedTransportBytes >= QUOTE_NEEDED || !needsTranslation(status, manip, direction)) return true
    if (!hasPorts(this.#connections.protocol(id))) return true
    packet.decidedBy = -1
    this.#finding.set(REASON_NAT_QUOTE, quotedTransportBytes, 0, 0)
    return false
  }

  /**
   * Whether NAT drops the packet for its checksum, which it verifies before any change, whatever nf_conntrack_checksum
   * says, and also for packets of the machine itself.
   */
  #hasBadChecksum({ hook, bytes, fields, base }: RulePacket): boolean {
    if (hook !== HOOK_PREROUTING && hook !== HOOK_OUTPUT) return false
    return this.#checksums.verifies(bytes, fields, base) && transportChecksumState(bytes, fields, base) === CHECKSUM_BAD
  }

  /**
   * Whether a packet of the machine itself would leave with a loopback address: there is no route for that (without
   * route_localnet), so the nat table drops it.
   */
  #leadsLoopbackOut({ fields, base }: RulePacket): boolean {
    if (!this.changedDestination || fields[base + P_FAMILY] !== IP_V4 || !isLoopback(IP_V4, fields, base + P_SRC))
      return false
    return !this.#topology.local.has(IP_V4, fields, base + P_DST)
  }

  #ask(packet: RulePacket, rules: RulesAtHooks, manip: number): number {
    const chain = rules.natAt(packet.hook)
    if (chain === null) {
      this.binder.bind(manip, ANY_RANGE)
      return VERDICT_ACCEPT
    }
    packet.isBindingUnsure = false
    const verdict = chain.run(packet)
    if (verdict === VERDICT_UNKNOWN) {
      // Handled as if no rule had matched: the packet goes on unchanged, with an unknown verdict.
      this.binder.bind(manip, ANY_RANGE)
      return packet.isBindingUnsure ? this.#leaveOpen(packet, rules, manip) : verdict
    }
    if (verdict !== VERDICT_ACCEPT) return verdict
    const spec = rules.info(packet.decidedBy)?.nat ?? null
    // The rule may leave this packet unchanged and still change others that the rules cannot tell apart from it.
    if (spec !== null) packet.steady = false
    const range = spec === null ? ANY_RANGE : this.#rangeOf(spec, packet, manip)
    this.binder.bind(manip, range ?? ANY_RANGE)
    return range === null ? this.#lacksAddress(packet, spec?.kind === 'redirect') : VERDICT_ACCEPT
  }

  /** A rule that may translate the connection could not be decided. */
  #leaveOpen(packet: RulePacket, rules: RulesAtHooks, manip: number): number {
    packet.steady = false
    if (manip === MANIP_DESTINATION) {
      packet.edits.uncertain |= PART_ROUTE
      packet.possibleVerdicts |= (1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP)
      return VERDICT_UNKNOWN
    }
    const rule = rules.info(packet.decidedBy)
    if (rule !== null) this.unsureSources.note(rule, rules.unknownText(packet.unknownReason) ?? '')
    // Another source would not change the verdict of this packet.
    return packet.possibleVerdicts === 1 << VERDICT_ACCEPT ? VERDICT_ACCEPT : VERDICT_UNKNOWN
  }

  /** The kernel would use an address of the interface, or drop the packet where the interface has none. */
  #lacksAddress(packet: RulePacket, isRedirect: boolean): number {
    const { fields, base } = packet
    const scope = isRedirect && fields[base + P_FAMILY] === IP_V6 ? scopeText(scopeOf(fields, base + P_DST)) : ''
    this.missing = `the ${scope}address of the ${isRedirect ? 'incoming' : 'outgoing'} interface is not known; name it by --local`
    this.redirected = isRedirect
    this.changedDestination ||= isRedirect
    packet.possibleVerdicts = (1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP)
    packet.unknownReason = -1
    return VERDICT_UNKNOWN
  }

  /** The range to translate into; null where it needs an address of the machine and none is known. */
  #rangeOf(spec: NatSpec, packet: RulePacket, manip: number): NatRange | null {
    switch (spec.kind) {
      case 'range':
        return spec
      case 'netmap':
        return this.#mapped(spec, packet, manip)
      case 'masquerade':
        return toAddress(spec, this.#masquerade(packet))
      case 'redirect': {
        const { fields, base, inInterface } = packet
        const family = fields[base + P_FAMILY]
        if (packet.hook === HOOK_OUTPUT) return toAddress(spec, family === IP_V6 ? LOOPBACK_V6 : LOOPBACK_V4)
        return toAddress(spec, this.#topology.addressForRedirect(family, inInterface, fields, base + P_DST))
      }
    }
  }

  /** The source address that the machine uses. Over IPv6 to itself, that is the destination (RFC 6724, rule 1). */
  #masquerade(packet: RulePacket): readonly number[] | null {
    const { fields, base, outInterface } = packet
    const family = fields[base + P_FAMILY]
    if (outInterface === INTERFACE_LOOPBACK && family === IP_V6)
      return [...fields.subarray(base + P_DST, base + P_DST + 4)]
    return this.#topology.addressOn(family, outInterface, fields, base + P_DST)
  }

  /** NETMAP: the network part comes from the rule, the host part from the packet. */
  #mapped(spec: NatSpec, packet: RulePacket, manip: number): NatRange {
    const at = packet.base + (manip === MANIP_SOURCE ? P_SRC : P_DST)
    const address = (spec.minAddress ?? []).map((word, i) => word | (packet.fields[at + i] & ~(spec.mask?.[i] ?? 0)))
    return { ...spec, minAddress: address, maxAddress: address }
  }

  /** Translates the packet. False where it would have to be translated, but cannot be. */
  #translate(packet: RulePacket, manip: number): boolean {
    const { id, info, direction } = this.#current
    const { fields, base } = packet
    if (!needsTranslation(this.#connections.status(id), manip, direction)) return true
    if (fields[base + P_PROTOCOL] === PROTO_GRE && !canTranslateGre(packet, manip)) return false
    packet.edits.willChange(packet, manip === MANIP_SOURCE ? PART_SOURCE : PART_DESTINATION)
    translate(this.#connections, id, info, direction, manip, fields, base)
    if (manip === MANIP_DESTINATION) this.changedDestination = true
    return true
  }
}

/**
 * Whether GRE can be translated: a header of 8 bytes must be there, even without a key, and for a new destination its
 * version must be 0 or 1.
 */
function canTranslateGre({ bytes, fields, base }: RulePacket, manip: number): boolean {
  if (fields[base + P_L4_LENGTH] < GRE_HEADER_NEEDED) return false
  if (manip === MANIP_SOURCE) return true
  return (bytes[fields[base + P_L4_OFFSET] + 1] & GRE_VERSION_MASK) <= GRE_VERSION_PPTP
}

function toAddress(spec: NatSpec, address: readonly number[] | null): NatRange | null {
  return address === null ? null : { ...spec, minAddress: address, maxAddress: address }
}

function isIcmp(packet: RulePacket): boolean {
  const protocol = packet.fields[packet.base + P_PROTOCOL]
  return protocol === PROTO_ICMP || protocol === PROTO_ICMPV6
}

/** Whether the packet is an ICMP error about a connection: it is translated, but binds nothing. */
function isIcmpError(packet: RulePacket, info: number): boolean {
  return (info === CT_RELATED || info === CT_RELATED_REPLY) && isIcmp(packet)
}
