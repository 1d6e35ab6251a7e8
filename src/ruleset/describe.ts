import { IP_V6, P_FAMILY } from '../wire/packet-fields.ts'
import type { Condition } from './evaluate/condition.ts'
import { FIELDS, type FieldName } from './evaluate/fields.ts'
import type { Runtime } from './evaluate/runtime.ts'
import { fieldReader, knownReader } from './evaluate/three-valued.ts'
import { printStates, STATES } from './matches/states.ts'
import type { RulePacket } from './packet/rule-packet.ts'
import { printAddress } from './text/addresses.ts'
import { hex } from './text/numbers.ts'
import { printProtocol } from './text/protocols.ts'

/** The value in the packet that a condition looked at: `destination port 53`. */
export function describeFound(
  condition: Condition,
  packet: RulePacket,
  runtime: Runtime,
  interfaces: readonly string[],
): string {
  switch (condition.kind) {
    case 'field':
      return describeField(condition.field, packet, runtime)
    case 'name': {
      const number = packet[condition.field]
      const name = number < 0 ? 'not known' : interfaces[number] || 'none'
      return `${FIELDS[condition.field].label} ${name}`
    }
    case 'all':
    case 'any': {
      const found = condition.parts.map((part) => describeFound(part, packet, runtime, interfaces))
      return [...new Set(found)].join(', ')
    }
    case 'constant':
      return condition.value === null ? 'not in the capture' : ''
    case 'hotdrop':
      return describeFound(condition.when, packet, runtime, interfaces)
    case 'call':
    case 'stateful':
      return condition.label
  }
}

function describeField(name: FieldName, packet: RulePacket, runtime: Runtime): string {
  const { label } = FIELDS[name]
  if (!knownReader(name, -1, runtime)(packet)) return `${label} not known`
  const address = /^(.*)([0-3])$/.exec(name)
  if (address) {
    const words = packet.fields[packet.base + P_FAMILY] === IP_V6 ? [0, 1, 2, 3] : [0]
    const value = words.map((word) => fieldReader(`${address[1]}${word}` as FieldName, runtime)(packet) >>> 0)
    return `${FIELDS[`${address[1]}0` as FieldName].label} ${printAddress(value)}`
  }
  return `${label} ${describeValue(name, fieldReader(name, runtime)(packet))}`
}

function describeValue(name: FieldName, value: number): string {
  switch (name) {
    case 'protocol':
    case 'connectionProtocol':
      return value < 0 ? 'unreadable' : printProtocol(value)
    case 'state':
      return printStates(value, STATES)
    case 'direction':
      return value < 0 ? 'none' : value === 0 ? 'original' : 'reply'
    case 'icmpTypeCode':
      return `${value >>> 8}/${value & 255}`
    case 'mark':
    case 'connectionMark':
    case 'connectionStatus':
    case 'tcpFlags':
      return hex(value)
    default:
      return `${value}`
  }
}
