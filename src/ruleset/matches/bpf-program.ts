import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** An instruction of the classic BPF machine (McCanne and Jacobson; linux/filter.h): opcode, jumps, operand. */
export interface Instruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

/** XT_BPF_MAX_NUM_INSTR */
const PROGRAM_MAX = 64
export const MEMORY_WORDS = 16

/** Offsets from here on ask the kernel about the packet, not for its bytes (SKF_AD_OFF). */
export const ANCILLARY = -0x1000
const ANCILLARY_SIZE = 64

/** Classes of instructions, in the low three bits. */
export const LD = 0
export const LDX = 1
export const ST = 2
export const STX = 3
export const ALU = 4
export const JMP = 5
export const RET = 6
export const MISC = 7

/** Every opcode that the kernel takes. */
const KNOWN: ReadonlySet<number> = new Set([
  ...[0x00, 0x20, 0x40, 0x60, 0x80],
  ...[0x28, 0x48, 0x30, 0x50],
  ...[0x01, 0x61, 0x81, 0xb1],
  ...[0x02, 0x03],
  ...[0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x94, 0xa4],
  ...[0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0x6c, 0x7c, 0x9c, 0xac],
  0x84,
  ...[0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d],
  ...[0x06, 0x16],
  ...[0x07, 0x87],
])
const DIVISIONS: ReadonlySet<number> = new Set([0x34, 0x94])
const SHIFTS: ReadonlySet<number> = new Set([0x64, 0x74])
const LOADS_ABSOLUTE: ReadonlySet<number> = new Set([0x20, 0x28, 0x30])
const LOADS_MEMORY: ReadonlySet<number> = new Set([0x60, 0x61])
const JUMP_ALWAYS = 0x05

/** `count,code jt jf k,…`, as bpf_asm and nfbpf_compile print it. */
export function parseBytecode(token: Token): Instruction[] {
  const [countText, ...texts] = token.text.split(',')
  const refuse = (text: string): never => {
    throw new Refusal(token, `${text}; write COUNT,CODE JT JF K,… as nfbpf_compile prints it`)
  }
  const count = /^ *[0-9]{1,5}$/.test(countText) ? Number(countText) : -1
  if (count < 1 || count > PROGRAM_MAX)
    refuse(`"${countText}" is not a number of instructions from 1 to ${PROGRAM_MAX}`)
  if (texts.at(-1) === '') texts.pop()
  if (texts.length !== count) refuse(`${texts.length} instructions are there, and ${count} were announced`)
  const program = texts.map((text): Instruction => {
    const [, code, jt, jf, k] = /^ *([0-9]{1,15}) +([0-9]{1,15}) +([0-9]{1,15}) +([0-9]{1,15})/.exec(text) ?? []
    if (k === undefined) refuse(`"${text}" is not an instruction`)
    // iptables keeps the low bits of larger numbers.
    return { code: Number(code) & 0xffff, jt: Number(jt) & 255, jf: Number(jf) & 255, k: Number(k) >>> 0 }
  })
  const wrong = whatIsWrong(program)
  if (wrong !== null) refuse(wrong)
  return program
}

export function printBytecode(program: readonly Instruction[]): string {
  return [`${program.length}`, ...program.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`)].join(',')
}

/**
 * Why the kernel refuses the program (bpf_check_classic): unknown opcodes, jumps out of the program, no return, memory
 * read before it is written. Null where it does not.
 */
function whatIsWrong(program: readonly Instruction[]): string | null {
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    const where = `instruction ${at + 1}`
    if (!KNOWN.has(code)) return `${where} has the unknown code ${code}`
    if (DIVISIONS.has(code) && k === 0) return `${where} divides by zero`
    if (SHIFTS.has(code) && k >= 32) return `${where} shifts by ${k}`
    if ((LOADS_MEMORY.has(code) || code === ST || code === STX) && k >= MEMORY_WORDS)
      return `${where} is outside of memory`
    if (code === JUMP_ALWAYS && k >= program.length - at - 1) return `${where} jumps out of the program`
    if ((code & 7) === JMP && code !== JUMP_ALWAYS && at + 1 + Math.max(jt, jf) >= program.length) {
      return `${where} jumps out of the program`
    }
    const place = k | 0
    if (LOADS_ABSOLUTE.has(code) && place < 0 && place >= ANCILLARY && !isAncillary(place)) {
      return `${where} asks for what no kernel knows`
    }
  }
  if ((program[program.length - 1].code & 7) !== RET) return 'the last instruction does not return'
  return readsUnwritten(program)
}

/** Whether the offset is one of the ancillary ones, which are multiples of four. */
function isAncillary(place: number): boolean {
  return place < ANCILLARY + ANCILLARY_SIZE && place % 4 === 0
}

/** Memory words must be written on every path to the instruction that reads them. */
function readsUnwritten(program: readonly Instruction[]): string | null {
  const ways = program.map(() => 0xffff)
  let written = 0
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    written &= ways[at]
    if (code === ST || code === STX) written |= 1 << k
    else if (LOADS_MEMORY.has(code)) {
      if ((written & (1 << k)) === 0) return `instruction ${at + 1} reads memory that was not written`
    } else if (code === JUMP_ALWAYS) {
      ways[at + 1 + k] &= written
      written = 0xffff
    } else if ((code & 7) === JMP) {
      ways[at + 1 + jt] &= written
      ways[at + 1 + jf] &= written
      written = 0xffff
    }
  }
  return null
}
