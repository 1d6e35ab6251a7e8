import fc from 'fast-check'
import { reasonText } from '../../src/conntrack/reasons.ts'
import { CTSTATE_NAMES, type Outcome } from '../../src/netfilter/outcome.ts'
import { reportedProtocol } from '../../src/report/protocol-names.ts'
import { HOOK_NAMES } from '../../src/ruleset/packet/hooks.ts'
import { VERDICT_NAMES } from '../../src/ruleset/packet/rule-packet.ts'
import { addressText } from '../../src/wire/address.ts'
import {
  IP_V4,
  NOTE_NAMES,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_REFUSED_FAMILY,
  P_SRC,
} from '../../src/wire/packet-fields.ts'
import { outcome, rule } from './outcomes.ts'

/** A row of a table of packets, in the plainest way; `time` as text. */
interface PacketRecord {
  [column: string]: string | number | readonly (string | number)[] | null
}

/** The contract said once more: all columns, in order. */
export function packetRecord(o: Outcome, captures: readonly string[]): PacketRecord {
  const f = o.fields
  const ip = f[P_FAMILY] !== 0
  const v4 = f[P_FAMILY] === IP_V4
  const addresses = f[P_FAMILY] || f[P_REFUSED_FAMILY]
  const protocol = f[P_PROTOCOL]
  const headerShown = ip && (f[P_FRAGMENT] & 0x1fff) === 0 && f[P_L4_LENGTH] >= 4
  const ports = headerShown && [6, 17, 33, 132, 136].includes(protocol)
  const icmp = headerShown && ((v4 && protocol === 1) || (!v4 && protocol === 58))
  const word = f[P_PORTS] >>> 0
  const type = word >>> 24
  const query = (v4 ? [0, 8, 13, 14, 15, 16, 17, 18] : [128, 129]).includes(type) && f[P_L4_LENGTH] >= 8
  const fraction = String(o.nanoseconds).padStart(9, '0').slice(0, o.digits)
  return {
    frame: o.frame,
    time: o.digits === -1 ? null : `${o.epochSeconds}${o.digits === 0 ? '' : `.${fraction}`}`,
    src: addresses ? addressText(f, P_SRC, addresses) : null,
    dst: addresses ? addressText(f, P_DST, addresses) : null,
    proto: addresses && protocol >= 0 ? reportedProtocol(protocol) : null,
    sport: ports ? word >>> 16 : null,
    dport: ports ? word & 0xffff : null,
    length: o.wireLength,
    ctstate: CTSTATE_NAMES[o.state],
    ctdir: [null, 'original', 'reply'][o.direction + 1],
    hook: o.hook < 0 ? null : HOOK_NAMES[o.hook],
    verdict: VERDICT_NAMES[o.verdict],
    rule: o.rule?.record ?? null,
    target: o.rule?.target || null,
    line: o.rule?.line ?? null,
    reason: reasonText(o.reason, o.reasonA, o.reasonB, o.reasonFrame),
    note: NOTE_NAMES[o.note],
    connection: o.connectionNumber || null,
    icmpType: icmp ? type : null,
    icmpCode: icmp ? (word >>> 16) & 255 : null,
    icmpId: icmp && query ? word & 0xffff : null,
    possible:
      o.possibleVerdicts === 0
        ? null
        : VERDICT_NAMES.flatMap((name, code) => (name !== null && (o.possibleVerdicts >> code) & 1 ? [name] : [])),
    unknown: o.unknownText,
    reasonFrame: o.reasonFrame || null,
    dropHook: o.dropHook < 0 ? null : HOOK_NAMES[o.dropHook],
    assumesFrame: o.assumesFrame || null,
    fragments: o.fragmentCount === 0 ? null : [...o.fragments].slice(0, o.fragmentCount),
    file: captures.length > 1 ? captures[o.file] : null,
    fileFrame: captures.length > 1 ? o.fileFrame : null,
  }
}

const anyWord = fc.integer({ min: -0x80000000, max: 0x7fffffff })
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 3000, maxLength: 5000 }))
const anyRule = fc.record({ id: fc.nat(300), family: fc.constantFrom('ipv4' as const, 'ipv6' as const) }).map((r) =>
  rule({
    ...r,
    record: `filter:chain "${r.id}" \u{1F525}${r.family}:rule:${r.id}`,
    target: r.id % 5 === 0 ? '' : `T${r.id}`,
    line: r.id + 1,
  }),
)

export const anyOutcome = fc
  .record({
    frame: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    fileFrame: fc.nat(),
    file: fc.nat(1),
    epochSeconds: fc.oneof(fc.nat(2_000_000_000), fc.nat(Number.MAX_SAFE_INTEGER)),
    nanoseconds: fc.nat(999_999_999),
    digits: fc.integer({ min: -1, max: 9 }),
    wireLength: fc.nat(262_144),
    note: fc.nat(NOTE_NAMES.length - 1),
    state: fc.nat(5),
    direction: fc.integer({ min: -1, max: 1 }),
    hook: fc.constantFrom(-1, 1, 2, 3),
    dropHook: fc.integer({ min: -1, max: 4 }),
    verdict: fc.nat(4),
    rule: fc.option(anyRule),
    possibleVerdicts: fc.constantFrom(0, 2, 6, 14, 22),
    reason: fc.constantFrom(0, 0, 2, 5, 12, 16, 21, 33),
    reasonA: fc.nat(),
    reasonB: fc.nat(),
    reasonFrame: fc.nat(9),
    unknownText: fc.option(anyText),
    connectionNumber: fc.nat(),
    assumesFrame: fc.nat(3),
    fragments: fc.array(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { maxLength: 3 }),
    family: fc.constantFrom(0, 4, 6),
    refusedFamily: fc.constantFrom(0, 4, 6),
    protocol: fc.oneof(fc.integer({ min: -1, max: 255 }), fc.constantFrom(1, 6, 17, 58)),
    fragment: fc.constantFrom(0, 0, 0x4000, 0x2000, 5),
    l4Length: fc.constantFrom(0, 3, 4, 8, 100),
    words: fc.array(fc.oneof(anyWord, fc.constantFrom(0, 0xffff, 0x10000)), { minLength: 9, maxLength: 9 }),
  })
  .map(({ family, refusedFamily, protocol, fragment, fragments, l4Length, words, ...rest }) => {
    const made = Object.assign(outcome({ src: '1.2.3.4', dst: '4.3.2.1' }), rest)
    made.fragments = Float64Array.from(fragments)
    made.fragmentCount = fragments.length
    const { fields } = made
    fields[P_FAMILY] = family
    fields[P_REFUSED_FAMILY] = refusedFamily
    fields[P_PROTOCOL] = protocol
    fields[P_FRAGMENT] = fragment
    fields[P_L4_OFFSET] = 34
    fields[P_L4_LENGTH] = l4Length
    fields.set(words, P_SRC)
    return made
  })
