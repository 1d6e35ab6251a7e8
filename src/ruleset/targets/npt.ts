import { maskWord } from '../../wire/address.ts'
import { P_DST, P_SRC } from '../../wire/packet-fields.ts'
import type { TargetExtension } from '../extension.ts'
import { HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from '../packet/hooks.ts'
import { PART_DESTINATION, PART_SOURCE } from '../packet/packet-edits.ts'
import { type RulePacket, VERDICT_DROP } from '../packet/rule-packet.ts'
import { parseIpv6, printIpv6, type Words } from '../text/addresses.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

interface Prefix {
  readonly address: Words
  readonly length: number
}

/** Network prefix translation for IPv6 (RFC 6296), of the source or of the destination. */
export const snpt: TargetExtension = translation('SNPT', [HOOK_INPUT, HOOK_POSTROUTING], P_SRC, PART_SOURCE)
export const dnpt: TargetExtension = translation('DNPT', [HOOK_PREROUTING, HOOK_OUTPUT], P_DST, PART_DESTINATION)

function translation(name: string, hooks: readonly number[], field: number, parts: number): TargetExtension {
  return {
    name,
    family: 'ipv6',
    tables: ['mangle'],
    hooks,
    options: [{ name: 'src-pfx' }, { name: 'dst-pfx' }],
    parse(options) {
      const from = parsePrefix(options.required('src-pfx'))
      const to = parsePrefix(options.required('dst-pfx'))
      const adjustment = subtract(sum16(from.address), sum16(to.address))
      return {
        print: () => [printPrefix('src-pfx', from), printPrefix('dst-pfx', to)].filter((one) => one !== '').join(' '),
        action: {
          kind: 'edit',
          parts,
          edit: (packet) => (translate(packet, field, parts, from, to, adjustment) ? 0 : VERDICT_DROP),
        },
      }
    },
  }
}

function parsePrefix(token: Token): Prefix {
  const [text, lengthText, more] = token.text.split('/')
  const address = parseIpv6(text)
  const length = lengthText !== undefined && /^[0-9]{1,3}$/.test(lengthText) ? Number(lengthText) : -1
  if (!address || length < 0 || length > 64 || more !== undefined) {
    throw new Refusal(token, `"${token.text}" is not a prefix; write ADDRESS/LENGTH with a length up to 64`)
  }
  if (address.some((word, index) => (word & ~maskWord(length - 32 * index)) !== 0)) {
    throw new Refusal(token, `${token.text} has bits after its prefix; write them as 0`)
  }
  return { address, length }
}

/** The zero address is not printed. */
function printPrefix(name: string, { address, length }: Prefix): string {
  return address.every((word) => word === 0) ? '' : `--${name} ${printIpv6(address)}/${length}`
}

function sum16(address: Words): number {
  return address.reduce((sum, word) => add(add(sum, word >>> 16), word & 0xffff), 0)
}

/** In ones' complement. */
function add(one: number, other: number): number {
  const sum = one + other
  return (sum & 0xffff) + (sum >>> 16)
}

function subtract(one: number, other: number): number {
  return add(one, ~other & 0xffff)
}

/** Replaces the prefix, and adjusts 16 bits after it so that checksums stay valid. */
function translate(
  packet: RulePacket,
  field: number,
  parts: number,
  from: Prefix,
  to: Prefix,
  adjustment: number,
): boolean {
  const { fields, base } = packet
  const length = Math.max(from.length, to.length)
  packet.edits.willChange(packet, parts)
  const at = base + field
  for (let index = 0; index < 4; index++) {
    const mask = maskWord(length - 32 * index)
    if (mask === 0) break
    fields[at + index] = (fields[at + index] & ~mask) | to.address[index]
  }
  const half = adjustedHalf(fields, at, length)
  if (half < 0) return false
  const word = at + (half >> 1)
  const shift = half & 1 ? 0 : 16
  let sum = add((fields[word] >>> shift) & 0xffff, adjustment)
  if (sum === 0xffff) sum = 0
  fields[word] = (fields[word] & ~(0xffff << shift)) | (sum << shift)
  return true
}

/**
 * Which of the eight 16-bit groups is adjusted: the one after a /48, else the first after 64 bits that is not 0xffff.
 */
function adjustedHalf(fields: Int32Array, at: number, length: number): number {
  if (length <= 48) return 3
  for (let half = 4; half < 8; half++) {
    if (((fields[at + (half >> 1)] >>> (half & 1 ? 0 : 16)) & 0xffff) !== 0xffff) return half
  }
  return -1
}
