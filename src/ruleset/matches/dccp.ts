import { P_L4_LENGTH, P_L4_OFFSET } from '../../wire/packet-fields.ts'
import { PROTO_DCCP } from '../../wire/protocols.ts'
import { type Condition, hotdropWhen, isBetween, NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { type NumberRange, parseNumber, printRange } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { partOf } from '../text/part-of.ts'
import { parseAnyPortRange } from '../text/ports.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { ask, askTransport, capturedEnd } from './header-bytes.ts'

/** RFC 4340; the last stands for all reserved types. */
const TYPES = [
  'REQUEST',
  'RESPONSE',
  'DATA',
  'ACK',
  'DATAACK',
  'CLOSEREQ',
  'CLOSE',
  'RESET',
  'SYNC',
  'SYNCACK',
  'INVALID',
] as const
const INVALID = TYPES.indexOf('INVALID')
/** Generic header with a short sequence number. */
const HEADER = 12
/** Bytes after the generic header, by type. */
const MORE = [4, 12, 0, 8, 8, 8, 8, 12, 8, 8]
const MORE_OTHERWISE = 12

export const dccp: MatchExtension = {
  name: 'dccp',
  protocols: [PROTO_DCCP],
  options: [
    { name: 'source-port', aliases: ['sport'], negatable: true },
    { name: 'destination-port', aliases: ['dport'], negatable: true },
    { name: 'dccp-types', negatable: true },
    { name: 'dccp-option', negatable: true },
  ],
  parse(options) {
    const sports = parsePorts(options, 'source-port')
    const dports = parsePorts(options, 'destination-port')
    const typesToken = options.value('dccp-types')
    const types = typesToken ? parseTypes(typesToken) : 0
    const optionToken = options.value('dccp-option')
    const option = optionToken ? parseNumber(optionToken, 1, 255, 'DCCP option') : 0
    const names = TYPES.filter((_, bit) => types & (1 << bit))
    const words = [
      sports ? printOption('sport', printRange(sports), options.negated('source-port')) : '',
      dports ? printOption('dport', printRange(dports), options.negated('destination-port')) : '',
      typesToken ? `${options.negated('dccp-types') ? '! ' : ''}--dccp-types ${names.join(',')}` : '',
      optionToken ? printOption('dccp-option', `${option}`, options.negated('dccp-option')) : '',
    ]
    return {
      print: () => words.filter((word) => word !== '').join(' '),
      conditions() {
        const conditions: Condition[] = askTransport(
          'DCCP type',
          HEADER,
          ({ bytes }, at) => types === 0 || (types & (1 << Math.min(typeOf(bytes, at), INVALID))) !== 0,
          typesToken !== undefined && options.negated('dccp-types'),
        )
        const ports: Condition[] = []
        if (sports) ports.push(isBetween('sourcePort', sports, options.negated('source-port')))
        if (dports) ports.push(isBetween('destinationPort', dports, options.negated('destination-port')))
        conditions.splice(2, 0, ...ports)
        if (optionToken) {
          conditions.push(
            hotdropWhen(ask('broken DCCP options', (packet) => areOptionsBroken(packet))),
            ask(`DCCP option ${option}`, (packet) => findOption(packet, option), options.negated('dccp-option')),
          )
        }
        return conditions
      },
    }
  },
}

function parsePorts(options: Options, name: string): NumberRange | null {
  const token = options.value(name)
  return token ? parseAnyPortRange(token) : null
}

function parseTypes(token: Token): number {
  let bits = 0
  for (const word of token.text.split(',').filter((one) => one !== '')) {
    const type = (TYPES as readonly string[]).indexOf(word.toUpperCase())
    if (type < 0)
      throw new Refusal(partOf(token, word), `"${word}" is not a DCCP type; write one or more of ${TYPES.join(', ')}`)
    bits |= 1 << type
  }
  return bits
}

function typeOf(bytes: Uint8Array, at: number): number {
  return (bytes[at + 8] >> 1) & 15
}

/** Bytes in front of the options; long sequence numbers take four more. */
function headerBytes(bytes: Uint8Array, at: number): number {
  return HEADER + (bytes[at + 8] & 1) * 4 + (MORE[typeOf(bytes, at)] ?? MORE_OTHERWISE)
}

function areOptionsBroken(packet: RulePacket): number {
  const { bytes, fields, base } = packet
  const at = fields[base + P_L4_OFFSET]
  if (at + HEADER > capturedEnd(packet)) return UNKNOWN
  const offset = 4 * bytes[at + 4]
  const header = headerBytes(bytes, at)
  return offset < header || (offset > header && offset > fields[base + P_L4_LENGTH]) ? YES : NO
}

function findOption(packet: RulePacket, wanted: number): number {
  const { bytes, fields, base } = packet
  const start = fields[base + P_L4_OFFSET]
  const captured = capturedEnd(packet)
  if (start + HEADER > captured) return UNKNOWN
  const end = start + 4 * bytes[start + 4]
  for (let at = start + headerBytes(bytes, start); at < end; ) {
    if (at >= captured) return UNKNOWN
    if (bytes[at] === wanted) return YES
    if (bytes[at] < 2) at++
    else if (at + 1 >= captured) return at + 1 >= end ? NO : UNKNOWN
    else at += bytes[at + 1] || 1
  }
  return NO
}
