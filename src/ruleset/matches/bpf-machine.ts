import { IP_V4, P_FAMILY, P_L3_LENGTH, P_L3_OFFSET } from '../../wire/packet-fields.ts'
import { NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { ALU, ANCILLARY, type Instruction, JMP, LD, LDX, MEMORY_WORDS, MISC, RET, ST, STX } from './bpf-program.ts'
import { capturedEnd, readWord } from './header-bytes.ts'

/** Offsets from here on are from the IP header (SKF_NET_OFF), from the link header (SKF_LL_OFF) below. */
const NETWORK = -0x100000
/** Ancillary offsets after ANCILLARY. */
const PROTOCOL = 0
const MARK = 20
const XOR_X = 40
const ETHERTYPE_IPV4 = 0x0800
const ETHERTYPE_IPV6 = 0x86dd

/** Results of a load without a value: beyond the packet's end, or beyond the captured bytes. */
const OUTSIDE = -1
const UNSEEN = -2

const memory = new Uint32Array(MEMORY_WORDS)

/** Runs a checked program: NO for 0, else YES; UNKNOWN where it reads what the capture does not show. */
export function runProgram(program: readonly Instruction[], packet: RulePacket): number {
  let a = 0
  let x = 0
  for (let at = 0; ; at++) {
    const { code, jt, jf, k } = program[at]
    switch (code & 7) {
      case LD: {
        const mode = code & 0xe0
        if (mode === 0x00) a = k
        else if (mode === 0x60) a = memory[k]
        else if (mode === 0x80) a = packet.fields[packet.base + P_L3_LENGTH]
        else if (mode === 0x20 && (k | 0) < 0 && (k | 0) >= ANCILLARY) {
          const known = ancillary(packet, (k | 0) - ANCILLARY, a, x)
          if (known < 0) return UNKNOWN
          a = known
        } else {
          const value = load(packet, mode === 0x40 ? (k + x) | 0 : k | 0, sizeOf(code))
          if (value < 0) return value === OUTSIDE ? NO : UNKNOWN
          a = value
        }
        break
      }
      case LDX:
        if (code === 0xb1) {
          const value = load(packet, k | 0, 1)
          if (value < 0) return value === OUTSIDE ? NO : UNKNOWN
          x = (value & 15) * 4
        } else if ((code & 0xe0) === 0x60) x = memory[k]
        else x = (code & 0xe0) === 0x80 ? packet.fields[packet.base + P_L3_LENGTH] : k
        break
      case ST:
        memory[k] = a
        break
      case STX:
        memory[k] = x
        break
      case ALU: {
        const operand = code & 8 ? x : k
        const operation = code & 0xf0
        if (operand === 0 && (operation === 0x30 || operation === 0x90)) return NO
        a = calculate(operation, a, operand)
        break
      }
      case JMP:
        if (code === 0x05) at += k
        else at += holds(code & 0xf0, a, code & 8 ? x : k) ? jt : jf
        break
      case RET:
        return (code & 0x18) === 0x10 ? (a === 0 ? NO : YES) : k === 0 ? NO : YES
      case MISC:
        if (code & 0x80) a = x
        else x = a
        break
    }
  }
}

function sizeOf(code: number): number {
  const size = code & 0x18
  return size === 0x00 ? 4 : size === 0x08 ? 2 : 1
}

function load(packet: RulePacket, offset: number, size: number): number {
  if (offset < NETWORK) return UNSEEN
  const place = offset < 0 ? offset - NETWORK : offset
  const { fields, base } = packet
  const start = fields[base + P_L3_OFFSET]
  if (place + size > fields[base + P_L3_LENGTH]) return OUTSIDE
  const at = start + place
  if (at + size > capturedEnd(packet) || packet.edits.isUncertain(packet, at, at + size)) return UNSEEN
  const bytes = packet.edits.visibleBytes(packet)
  if (size === 4) return readWord(bytes, at)
  return size === 2 ? (bytes[at] << 8) | bytes[at + 1] : bytes[at]
}

/** -1 for what a capture does not show. */
function ancillary(packet: RulePacket, what: number, a: number, x: number): number {
  switch (what) {
    case PROTOCOL:
      return packet.fields[packet.base + P_FAMILY] === IP_V4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6
    case MARK:
      return packet.unknownMark === 0 ? packet.mark >>> 0 : -1
    case XOR_X:
      return (a ^ x) >>> 0
    default:
      return -1
  }
}

function calculate(operation: number, a: number, operand: number): number {
  switch (operation) {
    case 0x00:
      return (a + operand) >>> 0
    case 0x10:
      return (a - operand) >>> 0
    case 0x20:
      return Math.imul(a, operand) >>> 0
    case 0x30:
      return Math.floor(a / operand)
    case 0x40:
      return (a | operand) >>> 0
    case 0x50:
      return (a & operand) >>> 0
    case 0x60:
      return operand < 32 ? (a << operand) >>> 0 : 0
    case 0x70:
      return operand < 32 ? a >>> operand : 0
    case 0x90:
      return a % operand
    case 0xa0:
      return (a ^ operand) >>> 0
    default:
      return -a >>> 0
  }
}

function holds(operation: number, a: number, operand: number): boolean {
  switch (operation) {
    case 0x10:
      return a === operand
    case 0x20:
      return a > operand
    case 0x30:
      return a >= operand
    default:
      return (a & operand) !== 0
  }
}
