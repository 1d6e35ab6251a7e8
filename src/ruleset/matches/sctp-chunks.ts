import { P_L3_CAPTURED, P_L3_LENGTH, P_L3_OFFSET, P_L4_OFFSET } from '../../wire/packet-fields.ts'
import { NO, type PureTest, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** Chunk types by iptables' names (RFC 9260, RFC 5061, RFC 3758); flag letters from bit 7 to bit 0. */
const CHUNKS: readonly (readonly [string, number, string])[] = [
  ['DATA', 0, '----IUBE'],
  ['INIT', 1, ''],
  ['INIT_ACK', 2, ''],
  ['SACK', 3, ''],
  ['HEARTBEAT', 4, ''],
  ['HEARTBEAT_ACK', 5, ''],
  ['ABORT', 6, '-------T'],
  ['SHUTDOWN', 7, ''],
  ['SHUTDOWN_ACK', 8, ''],
  ['ERROR', 9, ''],
  ['COOKIE_ECHO', 10, ''],
  ['COOKIE_ACK', 11, ''],
  ['ECN_ECNE', 12, ''],
  ['ECN_CWR', 13, ''],
  ['SHUTDOWN_COMPLETE', 14, '-------T'],
  ['I_DATA', 64, '----IUBE'],
  ['RE_CONFIG', 130, ''],
  ['PAD', 132, ''],
  ['ASCONF', 193, ''],
  ['ASCONF_ACK', 128, ''],
  ['FORWARD_TSN', 192, ''],
  ['I_FORWARD_TSN', 194, ''],
]

const HOW = ['all', 'any', 'only'] as const
/** SCTP common header. */
const HEADER = 12

interface ChunkType {
  readonly type: number
  /** Flags that are looked at, and how they must stand. */
  readonly mask: number
  readonly flags: number
}

export interface ChunkRule {
  readonly how: (typeof HOW)[number]
  /** Empty for ALL. */
  readonly types: readonly ChunkType[]
  readonly word: 'ALL' | 'NONE' | null
}

/** `all|any|only` and `TYPE[:flags],…` */
export function parseChunks(howToken: Token, listToken: Token): ChunkRule {
  const how = HOW.find((name) => name === howToken.text.toLowerCase())
  if (!how)
    throw new Refusal(
      howToken,
      `"${howToken.text}" is not understood; write all, any or only, and then the chunk types`,
    )
  const word = listToken.text.toUpperCase()
  if (word === 'ALL' || word === 'NONE') return { how, types: [], word }
  return { how, word: null, types: listToken.text.split(',').map((text) => parseChunk(listToken, text)) }
}

function parseChunk(token: Token, text: string): ChunkType {
  const colon = text.indexOf(':')
  const name = (colon < 0 ? text : text.slice(0, colon)).toUpperCase()
  const chunk = CHUNKS.find(([known]) => known === name)
  if (!chunk) {
    throw new Refusal(
      token,
      `"${name}" is not a chunk type; write one or more of ${CHUNKS.map(([known]) => known).join(', ')}`,
    )
  }
  let mask = 0
  let flags = 0
  for (const letter of colon < 0 ? '' : text.slice(colon + 1)) {
    const at = chunk[2].indexOf(letter.toUpperCase())
    if (at < 0 || letter === '-') throw new Refusal(token, `the chunk type ${name} has no flag "${letter}"`)
    const bit = 1 << (7 - at)
    mask |= bit
    // Capital letters ask for a set flag, small ones for a clear flag.
    if (letter === letter.toUpperCase()) flags |= bit
  }
  return { type: chunk[1], mask, flags }
}

export function printChunks(chunks: ChunkRule): string {
  const list = CHUNKS.toSorted((one, other) => one[1] - other[1]).flatMap(([name, type, letters]) => {
    const asked = chunks.types.find((one) => one.type === type)
    if (!asked) return []
    const flags = [...letters].filter((_, at) => asked.mask & (1 << (7 - at)))
    const cased = flags.map((letter) =>
      asked.flags & (1 << (7 - letters.indexOf(letter))) ? letter : letter.toLowerCase(),
    )
    return [cased.length > 0 ? `${name}:${cased.join('')}` : name]
  })
  return `${chunks.how} ${chunks.word ?? list.join(',')}`
}

/** Walks the chunks as xt_sctp does. @param malformed asks whether the walk fails, instead of what it finds */
export function chunkTest(chunks: ChunkRule, malformed: boolean): PureTest {
  const wanted = new Map(chunks.types.map((chunk) => [chunk.type, chunk]))
  const every = chunks.word === 'ALL'
  const fits = (type: number, flags: number): boolean => {
    const chunk = wanted.get(type)
    return chunk ? (flags & chunk.mask) === chunk.flags : every
  }
  return {
    test(packet: RulePacket) {
      const { bytes, fields, base } = packet
      const start = fields[base + P_L3_OFFSET]
      const end = start + fields[base + P_L3_LENGTH]
      const captured = start + fields[base + P_L3_CAPTURED]
      const seen = new Set<number>()
      for (let at = fields[base + P_L4_OFFSET] + HEADER; at < end; ) {
        if (at + 4 > end) return malformed ? YES : NO
        if (at + 4 > captured) return UNKNOWN
        const size = (bytes[at + 2] << 8) | bytes[at + 3]
        if (size === 0) return malformed ? YES : NO
        if (fits(bytes[at], bytes[at + 1])) {
          if (chunks.how === 'any') return malformed ? NO : YES
          seen.add(bytes[at])
        } else if (chunks.how === 'only') return NO
        at += (size + 3) & ~3
      }
      if (malformed || chunks.how === 'any') return NO
      if (chunks.how === 'only') return YES
      return seen.size === (every ? 256 : wanted.size) ? YES : NO
    },
  }
}
