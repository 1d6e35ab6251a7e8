import { prefixMask } from '../text/addresses.ts'
import type { NumberRange } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { ipv4Range } from './element-addresses.ts'
import { parseOnePort, parsePlainPorts } from './element-ports.ts'
import type { SetType } from './set-definition.ts'

/** The most elements of a bitmap: addresses, ports, or networks of the size that `netmask` gives. */
const BITS_MAX = 2 ** 16

/** The range as written: `range FROM-TO`, or `from FROM to TO`. */
type WrittenRange = { readonly whole: Token } | { readonly from: Token; readonly to: Token | undefined }

/** The range of a bitmap type. @param length prefix length that `netmask` gives */
export function readBitmapRange(type: SetType, written: WrittenRange, length: number): NumberRange {
  if (type === 'bitmap:port') return portsOf(written)
  const range = 'whole' in written ? addressesOf(written.whole) : endsOf(written, singleAddress)
  const at = 'whole' in written ? written.whole : written.from
  return networksOf(at, range, length)
}

function portsOf(written: WrittenRange): NumberRange {
  if (!('whole' in written)) return endsOf(written, (token) => parseOnePort(token, token.text, 'tcp'))
  const { whole } = written
  const range = parsePlainPorts(whole, whole.text)
  if (range.low === range.high && !whole.text.includes('-')) throw notARange(whole)
  return range
}

function addressesOf(token: Token): NumberRange {
  const range = ipv4Range(token, token.text)
  if (range.low === range.high && !token.text.includes('-')) throw notARange(token)
  return range
}

function notARange(token: Token): Refusal {
  return new Refusal(token, `"${token.text}" is not a range; write FROM-TO`)
}

function singleAddress(token: Token): number {
  if (/[/-]/.test(token.text))
    throw new Refusal(token, `"${token.text}" is not an address; write range instead of from`)
  return ipv4Range(token, token.text).low
}

function endsOf(written: { from: Token; to: Token | undefined }, read: (token: Token) => number): NumberRange {
  if (!written.to) throw new Refusal(written.from, 'from needs to; write to and the end of the range after it')
  const ends = [read(written.from), read(written.to)]
  return { low: Math.min(...ends), high: Math.max(...ends) }
}

/**
 * The range, extended to whole networks of the size that `netmask` gives. With `netmask`, they must be the beginning of
 * a larger network.
 */
function networksOf(token: Token, { low, high }: NumberRange, length: number): NumberRange {
  const [mask] = prefixMask(length, 'ipv4')
  const range = { low: (low & mask) >>> 0, high: (high | ~mask) >>> 0 }
  if (length < 32 && !isBeginning(range, length)) {
    throw new Refusal(token, `"${token.text}" does not begin a network that is larger than /${length}; change netmask`)
  }
  const bits = length < 32 ? 2 ** (length - prefixOfRange(range)) : range.high - range.low + 1
  if (bits <= BITS_MAX) return range
  throw new Refusal(token, `"${token.text}" is larger than ${BITS_MAX} elements; narrow it, or use a hash type`)
}

/** The longest prefix length of a network that begins where the range begins and contains its end; 0 for none. */
function prefixOfRange({ low, high }: NumberRange): number {
  for (let length = 31; length > 0; length--) {
    if ((high & prefixMask(length, 'ipv4')[0]) >>> 0 === low) return length
  }
  return 0
}

function isBeginning(range: NumberRange, length: number): boolean {
  const prefix = prefixOfRange(range)
  const isAll = range.low === 0 && range.high === 0xffff_ffff
  return (prefix > 0 || isAll) && length > prefix
}
