import { PROTO_ROUTING } from '../../wire/protocols.ts'
import { NO, UNKNOWN } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { type AddressMask, parseAddressMask, parseIpv6, printAddressMask } from '../text/addresses.ts'
import { parseNumber } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { findHeader, CUT as HEADERS_CUT, headerLength } from './extension-chain.ts'
import { ask, capturedEnd, readWord, wireEnd } from './header-bytes.ts'

/** RFC 8754: the routing header of segment routing, and its parts before the segments. */
const TYPE = 4
const HEADER = 8

/** Numbers by their place in the header; each with -eq, -gt and -lt. */
const NUMBERS = [
  ['hdr-len', 1],
  ['segs-left', 3],
  ['last-entry', 4],
] as const
const COMPARED = NUMBERS.flatMap(([name, at]) => (['eq', 'gt', 'lt'] as const).map((how) => ({ name, at, how })))
const SEGMENTS = ['psid', 'nsid', 'lsid'] as const

type Question = (packet: RulePacket, at: number) => number

export const srh: MatchExtension = {
  name: 'srh',
  family: 'ipv6',
  options: [
    { name: 'srh-next-hdr', negatable: true },
    ...COMPARED.map(({ name, how }) => ({ name: `srh-${name}-${how}`, negatable: true })),
    { name: 'srh-tag', negatable: true },
    ...SEGMENTS.map((name) => ({ name: `srh-${name}`, negatable: true })),
  ],
  parse(options) {
    const questions: Question[] = []
    const words: string[] = []
    const add = (name: string, text: string, question: (packet: RulePacket, at: number) => boolean): void => {
      const negated = options.negated(name)
      words.push(printOption(name, text, negated))
      questions.push((packet, at) => Number(question(packet, at) !== negated))
    }
    const nextToken = options.value('srh-next-hdr')
    if (nextToken) {
      const next = parseNumber(nextToken, 0, 255, 'next header')
      add('srh-next-hdr', `${next}`, ({ bytes }, at) => bytes[at] === next)
    }
    // -eq, -gt and -lt of one number share their value: the last one given counts for all.
    const values = new Map<string, number>()
    for (const { spec, values: tokens } of options.uses) {
      const compared = COMPARED.find(({ name, how }) => spec.name === `srh-${name}-${how}`)
      if (compared) values.set(compared.name, parseNumber(tokens[0], 0, 255, spec.name))
    }
    for (const { name, at: place, how } of COMPARED) {
      const value = values.get(name)
      if (value === undefined || !options.has(`srh-${name}-${how}`)) continue
      add(`srh-${name}-${how}`, `${value}`, ({ bytes }, at) => compare(bytes[at + place], how, value))
    }
    const tagToken = options.value('srh-tag')
    if (tagToken) {
      const tag = parseNumber(tagToken, 0, 65535, 'tag')
      // iptables hands the number over in the machine's byte order: the wire has it the other way round.
      add('srh-tag', `${tag}`, ({ bytes }, at) => (bytes[at + 6] | (bytes[at + 7] << 8)) === tag)
    }
    const segments = SEGMENTS.flatMap((name) => segmentOf(options, name))
    for (const { name, segment, negated } of segments) {
      words.push(printOption(`srh-${name}`, printAddressMask(segment), negated))
      questions.push((packet, at) => askSegment(packet, at, name, segment, negated))
    }
    return {
      print: () => words.join(' '),
      conditions: () => [ask('segment routing header', (packet) => decide(packet, questions))],
    }
  },
}

function compare(actual: number, how: 'eq' | 'gt' | 'lt', value: number): boolean {
  return how === 'eq' ? actual === value : how === 'gt' ? actual > value : actual < value
}

function segmentOf(
  options: Options,
  name: (typeof SEGMENTS)[number],
): { name: (typeof SEGMENTS)[number]; segment: AddressMask; negated: boolean }[] {
  const token = options.value(`srh-${name}`)
  if (!token) return []
  const { address, mask } = parseAddressMask(token, 'ipv6')
  // Printed as it was written, not masked.
  const segment = { address: parseIpv6(token.text.split('/')[0]) ?? address, mask }
  return [{ name, segment, negated: options.negated(`srh-${name}`) }]
}

function decide(packet: RulePacket, questions: readonly Question[]): number {
  const at = findHeader(packet, PROTO_ROUTING)
  if (at === HEADERS_CUT) return UNKNOWN
  if (at < 0 || at + HEADER > wireEnd(packet)) return NO
  if (at + HEADER > capturedEnd(packet)) return UNKNOWN
  const { bytes } = packet
  if (wireEnd(packet) - at < headerLength(PROTO_ROUTING, bytes, at)) return NO
  if (bytes[at + 2] !== TYPE || bytes[at + 3] > bytes[at + 4]) return NO
  let answer = 1
  for (const question of questions) {
    const one = question(packet, at)
    if (one === NO) return NO
    if (one === UNKNOWN) answer = UNKNOWN
  }
  return answer
}

/** The segments stand in reverse: the last of the list is visited first. */
function askSegment(
  packet: RulePacket,
  at: number,
  name: (typeof SEGMENTS)[number],
  { address, mask }: AddressMask,
  negated: boolean,
): number {
  const { bytes } = packet
  const left = bytes[at + 3]
  if (name === 'psid' && left === bytes[at + 4]) return NO
  if (name === 'nsid' && left === 0) return NO
  const index = name === 'psid' ? left + 1 : name === 'nsid' ? left - 1 : 0
  const place = at + HEADER + 16 * index
  if (place + 16 > wireEnd(packet)) return NO
  if (place + 16 > capturedEnd(packet)) return UNKNOWN
  const same = address.every((word, part) => ((readWord(bytes, place + 4 * part) ^ word) & mask[part]) === 0)
  return Number(same !== negated)
}
