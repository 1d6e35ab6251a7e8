import type { Family } from '../packet/rule-environment.ts'
import { prefixLength, prefixMask } from '../text/addresses.ts'
import { type NumberRange, parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { readBitmapRange } from './bitmap-range.ts'
import { addressOf } from './element-addresses.ts'
import { noElements, SET_TYPES, type SetDefinition, type SetType, TIMEOUT_MAX } from './set-definition.ts'

const NAME_MAX = 31
const DEFAULT_ELEMENTS_MAX = 65_536
const DEFAULT_LIST_SIZE = 8
const LIST_SIZE_LEAST = 4
const UINT32_MAX = 0xffff_ffff
/** Buckets in one region of a hash table; also the default hashsize. */
const REGION_SIZE = 1024
/** The default bucketsize: the most elements of a bucket. With smaller buckets a table may grow beyond one region. */
const BUCKET_SIZE = 12
const BUCKET_SIZE_MAX = 255

const EXTENSIONS = ['timeout', 'counters', 'comment', 'skbinfo'] as const
const MAC_HASH = ['hashsize', 'maxelem', 'bucketsize', 'initval', 'forceadd', ...EXTENSIONS] as const
const HASH = ['family', ...MAC_HASH] as const
/** Options of older ipset versions. Their values are ignored, whatever they are. */
const OLD_HASH = ['probes', 'resize'] as const
const OLD_PORT_HASH = [...OLD_HASH, 'from', 'to'] as const
const BITMAP = ['range', 'from', 'to', ...EXTENSIONS] as const

/** The options that a `create` line may have, by type. */
const OPTIONS: Readonly<Record<SetType, readonly string[]>> = {
  'bitmap:ip': [...BITMAP, 'netmask'],
  'bitmap:ip,mac': BITMAP,
  'bitmap:port': BITMAP,
  'hash:ip': [...HASH, 'netmask', 'bitmask', ...OLD_HASH, 'gc'],
  'hash:mac': MAC_HASH,
  'hash:ip,mac': HASH,
  'hash:net': [...HASH, ...OLD_HASH],
  'hash:net,net': [...HASH, 'netmask', 'bitmask'],
  'hash:ip,port': [...HASH, 'netmask', 'bitmask', ...OLD_PORT_HASH],
  'hash:net,port': HASH,
  'hash:ip,port,ip': [...HASH, ...OLD_PORT_HASH],
  'hash:ip,port,net': [...HASH, ...OLD_PORT_HASH],
  'hash:ip,mark': [...HASH, 'markmask'],
  'hash:net,port,net': HASH,
  'hash:net,iface': HASH,
  'list:set': ['size', ...EXTENSIONS],
}
const FLAGS: ReadonlySet<string> = new Set(['counters', 'comment', 'skbinfo', 'forceadd'])

/** Types by the names that older ipset versions gave them. */
const OLD_NAMES: ReadonlyMap<string, SetType> = new Map([
  ['ipmap', 'bitmap:ip'],
  ['macipmap', 'bitmap:ip,mac'],
  ['portmap', 'bitmap:port'],
  ['iphash', 'hash:ip'],
  ['nethash', 'hash:net'],
  ['ipporthash', 'hash:ip,port'],
  ['netporthash', 'hash:net,port'],
  ['ipportiphash', 'hash:ip,port,ip'],
  ['ipportnethash', 'hash:ip,port,net'],
  ['netifacehash', 'hash:net,iface'],
  ['netnethash', 'hash:net,net'],
  ['netportnethash', 'hash:net,port,net'],
  ['ipmarkhash', 'hash:ip,mark'],
  ['ipmachash', 'hash:ip,mac'],
  ['machash', 'hash:mac'],
  ['setlist', 'list:set'],
])

/** The result of a `create` line. */
export interface CreatedSet {
  readonly definition: SetDefinition
  /** Whether elements may have comments. */
  readonly comments: boolean
  /** The set certainly cannot hold more elements than this. */
  readonly limit: number
  /** Equal for two `create` lines of which ipset -exist accepts the second as the same set. */
  readonly likeness: string
}

/** @param words the words of the line, including `create` */
export function readCreate(words: readonly Token[]): CreatedSet {
  const [, name, typeToken] = words
  checkName(name)
  const type = typeOf(typeToken)
  const options = new CreateOptions(type, words.slice(3))
  options.number('initval', 0, UINT32_MAX, 0)
  const family = familyOf(type, options)
  const isHash = type.startsWith('hash:')
  const bits = family === 'ipv6' ? 128 : 32
  const addressMask = maskOf(options, family)
  const length = prefixLength(addressMask)
  const definition: SetDefinition = {
    name: name.text,
    type,
    family,
    timeout: options.has('timeout') ? options.number('timeout', 0, TIMEOUT_MAX, 0) : null,
    counters: options.has('counters'),
    skbinfo: options.has('skbinfo'),
    forceAdd: options.has('forceadd'),
    maxElements: isHash ? options.number('maxelem', 0, UINT32_MAX, DEFAULT_ELEMENTS_MAX) : UINT32_MAX,
    addressMask,
    markMask: options.number('markmask', 1, UINT32_MAX, UINT32_MAX),
    range: type.startsWith('bitmap:') ? rangeOf(type, options, typeToken, length) : null,
    elements: noElements(),
    members: [],
    interfaces: [],
  }
  const comments = options.has('comment')
  const { timeout, counters, skbinfo, maxElements, markMask, range } = definition
  const mask = length === bits ? null : addressMask
  const size = Math.max(options.number('size', 0, UINT32_MAX, DEFAULT_LIST_SIZE), LIST_SIZE_LEAST)
  const likeness = [type, timeout, counters, skbinfo, comments, maxElements, markMask, range, mask, size]
  const limit = isHash ? limitOf(options, maxElements) : UINT32_MAX
  return { definition, comments, limit, likeness: JSON.stringify(likeness) }
}

/**
 * `maxelem` if the hash table has a single region. With several, each region accepts elements until its own share of
 * `maxelem` is used up, so the total depends on chance.
 */
function limitOf(options: CreateOptions, maxElements: number): number {
  const hashSize = options.number('hashsize', 0, UINT32_MAX, REGION_SIZE)
  const bucketSize = options.number('bucketsize', 0, BUCKET_SIZE_MAX, BUCKET_SIZE)
  const isSingle = maxElements <= REGION_SIZE && hashSize <= REGION_SIZE && bucketSize >= BUCKET_SIZE
  return isSingle ? maxElements : 2 * maxElements
}

export function checkName(name: Token): void {
  if (Buffer.byteLength(name.text) > NAME_MAX) {
    throw new Refusal(name, `the name is too long; at most ${NAME_MAX} characters`)
  }
}

/** The options of a `create` line, with their values. */
class CreateOptions {
  readonly #values = new Map<string, Token>()

  constructor(type: SetType, tokens: readonly Token[]) {
    const known = OPTIONS[type]
    for (let index = 0; index < tokens.length; index++) {
      const option = tokens[index]
      const written = option.text.replace(/^--/, '')
      const isFamily = (written === '-4' || written === '-6') && known.includes('family')
      if (!isFamily && !known.includes(written)) {
        throw new Refusal(option, `"${option.text}" is not an option of ${type}; it has ${known.join(', ')}`)
      }
      if (FLAGS.has(written)) {
        this.#values.set(written, option)
        continue
      }
      const name = isFamily ? 'family' : written
      const value = isFamily ? option : tokens[++index]
      if (value === undefined) throw new Refusal(option, `${option.text} needs a value`)
      if (this.#values.has(name)) throw new Refusal(option, `${name} is there already; write it once`)
      this.#values.set(name, value)
    }
  }

  get(name: string): Token | undefined {
    return this.#values.get(name)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  number(name: string, low: number, high: number, fallback: number): number {
    const token = this.#values.get(name)
    return token ? parseNumber(token, low, high, name) : fallback
  }
}

function typeOf(token: Token): SetType {
  const names = Object.keys(SET_TYPES) as SetType[]
  const type = names.find((one) => one === token.text) ?? OLD_NAMES.get(token.text)
  if (type !== undefined) return type
  throw new Refusal(token, `"${token.text}" is not a type of set that is known; known are ${names.join(', ')}`)
}

function familyOf(type: SetType, options: CreateOptions): Family | null {
  if (type === 'bitmap:port' || type === 'hash:mac' || type === 'list:set') return null
  const token = options.get('family')
  if (!token || token.text === 'inet' || token.text === 'ipv4' || token.text === '-4') return 'ipv4'
  if (token.text === 'inet6' || token.text === 'ipv6' || token.text === '-6') return 'ipv6'
  throw new Refusal(token, `"${token.text}" is not a family; write inet or inet6`)
}

function maskOf(options: CreateOptions, family: Family | null): readonly number[] {
  const bits = family === 'ipv6' ? 128 : 32
  const bitmask = options.get('bitmask')
  if (!bitmask) return prefixMask(options.number('netmask', 1, bits, bits), family ?? 'ipv4')
  const netmask = options.get('netmask')
  if (netmask) throw new Refusal(netmask, 'netmask and bitmask exclude each other; write one of them')
  const mask = addressOf(bitmask.text, family)
  if (mask?.some((word) => word !== 0)) return mask
  throw new Refusal(bitmask, `"${bitmask.text}" is not a mask of the family; write one as 255.255.0.255 or ffff::ffff`)
}

function rangeOf(type: SetType, options: CreateOptions, at: Token, length: number): NumberRange {
  const whole = options.get('range')
  const from = options.get('from')
  const to = options.get('to')
  const again = whole && (from ?? to)
  if (again) throw new Refusal(again, 'the range is there already; write range FROM-TO, or from and to')
  if (whole) return readBitmapRange(type, { whole }, length)
  if (from) return readBitmapRange(type, { from, to }, length)
  throw new Refusal(at, `${type} needs range FROM-TO`)
}
