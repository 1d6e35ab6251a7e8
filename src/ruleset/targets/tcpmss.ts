import {
  FRAGMENT_OFFSET_MASK,
  IP_V4,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_TCP_FLAGS_WINDOW,
} from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import type { TargetExtension } from '../extension.ts'
import { dataOffsetBytes } from '../matches/tcp.ts'
import { HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING } from '../packet/hooks.ts'
import { adjustChecksum, changeWord, PART_LENGTH, PART_TCP_OPTIONS } from '../packet/packet-edits.ts'
import { type RulePacket, VERDICT_DROP } from '../packet/rule-packet.ts'
import { parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'

const HEADER = 20
const HEADER_MAX = 60
const SUM = 16
const KIND = 2
const LENGTH = 4
/** The MSS of a packet without the option (RFC 9293, RFC 8200), which is never raised. */
const DEFAULTS = { ipv4: 536, ipv6: 1220 } as const
/** Largest payload of a datagram after the IP header. */
const MSS_MAX = { ipv4: 65515, ipv6: 65495 } as const
/** --clamp-mss-to-pmtu: a capture does not show the MTU of routes. */
const CLAMP = -1

/** Lowers the MSS option; adds one to packets without data that have none. */
export const tcpmss: TargetExtension = {
  name: 'TCPMSS',
  protocols: [PROTO_TCP],
  options: [{ name: 'set-mss' }, { name: 'clamp-mss-to-pmtu', values: 0 }],
  parse(options, { family }) {
    const wanted = options.value('set-mss')
    const given = wanted ? parseNumber(wanted, 0, MSS_MAX[family], 'MSS') : CLAMP
    // Of both the last one counts.
    const use = options.uses.at(-1)
    if (!use) throw new Refusal(options.at, 'TCPMSS needs --set-mss or --clamp-mss-to-pmtu')
    const clamp = use.spec.name === 'clamp-mss-to-pmtu'
    const mss = clamp ? CLAMP : given
    return {
      needsSyn: true,
      ...(clamp && { hooks: [HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING] }),
      print: () => (clamp ? '--clamp-mss-to-pmtu' : `--set-mss ${mss}`),
      action: { kind: 'edit', parts: PART_TCP_OPTIONS | PART_LENGTH, edit: (packet) => setMss(packet, mss) },
    }
  },
}

function setMss(packet: RulePacket, mss: number): number {
  const { fields, base, edits } = packet
  if ((fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) !== 0) return 0
  const length = fields[base + P_L4_LENGTH]
  if (length < HEADER) return VERDICT_DROP
  const start = fields[base + P_L4_OFFSET]
  const captured = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED]
  if (start + HEADER > captured) {
    edits.uncertain |= PART_TCP_OPTIONS | PART_LENGTH
    return 0
  }
  const header = dataOffsetBytes(packet)
  if (header < HEADER || header > length) return VERDICT_DROP
  for (let at = start + HEADER; at + LENGTH <= start + header; ) {
    if (at + LENGTH > captured) {
      edits.uncertain |= PART_TCP_OPTIONS | PART_LENGTH
      return 0
    }
    const { bytes } = packet
    if (bytes[at] === KIND && bytes[at + 1] === LENGTH) {
      const old = (bytes[at + 2] << 8) | bytes[at + 3]
      if (mss === CLAMP) edits.uncertain |= PART_TCP_OPTIONS
      else if (old > mss) {
        edits.willChange(packet, PART_TCP_OPTIONS)
        changeWord(edits.ownBytes(packet), at + 2, mss, start + SUM)
      }
      return 0
    }
    at += bytes[at] < 2 ? 1 : bytes[at + 1] || 1
  }
  if (length > header || header >= HEADER_MAX) return 0
  if (start + header > captured) {
    edits.uncertain |= PART_TCP_OPTIONS | PART_LENGTH
    return 0
  }
  const isV4 = fields[base + P_FAMILY] === IP_V4
  const least = isV4 ? DEFAULTS.ipv4 : DEFAULTS.ipv6
  addMss(packet, mss === CLAMP ? least : Math.min(mss, least), start, header)
  // Every IPv6 path has an MTU that allows the default MSS.
  if (mss === CLAMP && isV4) edits.uncertain |= PART_TCP_OPTIONS
  return 0
}

/** The option goes in front of the others. */
function addMss(packet: RulePacket, mss: number, start: number, header: number): void {
  const { fields, base, edits } = packet
  edits.willChange(packet, PART_TCP_OPTIONS | PART_LENGTH)
  const bytes = edits.ownBytes(packet)
  const options = start + HEADER
  bytes.copyWithin(options + LENGTH, options, start + header)
  bytes.set([KIND, LENGTH, mss >> 8, mss & 255], options)
  for (const word of [(KIND << 8) | LENGTH, mss]) adjustChecksum(bytes, start + SUM, 0, word)
  adjustChecksum(bytes, start + SUM, header, header + LENGTH)
  changeWord(bytes, start + 12, ((bytes[start + 12] + 0x10) << 8) | bytes[start + 13], start + SUM)
  const ip = fields[base + P_L3_OFFSET]
  const lengthAt = fields[base + P_FAMILY] === IP_V4 ? ip + 2 : ip + 4
  const length = ((bytes[lengthAt] << 8) | bytes[lengthAt + 1]) + LENGTH
  if (fields[base + P_FAMILY] === IP_V4) changeWord(bytes, lengthAt, length, ip + 10)
  else {
    bytes[lengthAt] = length >> 8
    bytes[lengthAt + 1] = length
  }
  for (const field of [P_L3_LENGTH, P_L3_CAPTURED, P_L4_LENGTH]) fields[base + field] += LENGTH
  fields[base + P_TCP_FLAGS_WINDOW] += 1 << 28
}
