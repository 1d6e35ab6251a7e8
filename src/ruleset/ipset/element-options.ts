import { parseNumber, wholeNumberOf } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { SET_TYPES, type SetDefinition, type SetType, TIMEOUT_MAX } from './set-definition.ts'

const UINT32_MAX = 0xffff_ffff
const LOW_32_BITS = 0xffff_ffffn
/** The highest 64-bit number means that no value is set. */
const COUNTER_MAX = 0xffff_ffff_ffff_fffen
const COMMENT_MAX = 255
const QUEUE_MAX = 0xffff
/** As sscanf(3) reads them: any text after the match is ignored. */
const SKBMARK = /^0x([0-9a-fA-F]+)(?:\/0x([0-9a-fA-F]+))?/
const SKBPRIO = /^[+-]?(0[xX])?[0-9a-fA-F]+:[+-]?(0[xX])?[0-9a-fA-F]+/

/** Options of the create line that options of elements depend on. */
type Extension = 'timeout' | 'counters' | 'comment' | 'skbinfo'

/** Options with a value, and the extension that each depends on. */
const VALUES = new Map<string, Extension | null>([
  ['timeout', 'timeout'],
  ['packets', 'counters'],
  ['bytes', 'counters'],
  ['comment', 'comment'],
  ['skbmark', 'skbinfo'],
  ['skbprio', 'skbinfo'],
  ['skbqueue', 'skbinfo'],
  ['before', null],
  ['after', null],
])
const FLAGS: ReadonlySet<string> = new Set(['nomatch', 'wildcard'])

/** The options after an element. */
export interface ElementOptions {
  /** Seconds; -1 if not given. */
  readonly timeout: number
  readonly nomatch: boolean
  readonly wildcard: boolean
  /** -1 if not given; so is `bytes`. */
  readonly packets: number
  readonly bytes: number
  readonly mark: number
  readonly markMask: number
  /** list:set: the member that the new one goes before or after. */
  readonly beside: { readonly token: Token; readonly after: boolean } | null
}

const NONE = optionsOf(new Map())

/** @param comments whether the set was created with `comment` */
export function readElementOptions(tokens: readonly Token[], set: SetDefinition, comments: boolean): ElementOptions {
  if (tokens.length === 0) return NONE
  const values = new Map<string, Token>()
  for (let index = 0; index < tokens.length; index++) {
    const option = tokens[index]
    const name = option.text.replace(/^--/, '')
    if (!isOptionOf(set.type, name)) {
      throw new Refusal(option, `"${option.text}" is not an option of an element of ${set.type}; take it out`)
    }
    if (FLAGS.has(name)) {
      values.set(name, option)
      continue
    }
    const value = tokens[++index]
    if (value === undefined) throw new Refusal(option, `${option.text} needs a value`)
    if (values.has(name)) throw new Refusal(option, `${name} is there already; write it once`)
    const extension = VALUES.get(name) ?? null
    if (extension !== null && !hasExtension(set, comments, extension)) {
      throw new Refusal(option, `the set "${set.name}" was created without ${extension}; add it to the create line`)
    }
    values.set(name, value)
  }
  return optionsOf(values)
}

/** The member that the one of a `del` line must stand before or after. */
export function readBeside(tokens: readonly Token[], type: SetType): ElementOptions['beside'] {
  const [option, value, more] = tokens
  if (option === undefined) return null
  const name = option.text.replace(/^--/, '')
  const isBeside = type === 'list:set' && (name === 'before' || name === 'after')
  if (!isBeside || more)
    throw new Refusal(isBeside ? more : option, 'del takes the element alone; take out what follows')
  if (value === undefined) throw new Refusal(option, `${option.text} needs a value`)
  return { token: value, after: name === 'after' }
}

function isOptionOf(type: SetType, name: string): boolean {
  const dimensions: readonly string[] = SET_TYPES[type]
  switch (name) {
    case 'nomatch':
      return dimensions.includes('net')
    case 'wildcard':
      return type === 'hash:net,iface'
    case 'before':
    case 'after':
      return type === 'list:set'
    default:
      return VALUES.has(name)
  }
}

function hasExtension(set: SetDefinition, comments: boolean, extension: Extension): boolean {
  switch (extension) {
    case 'timeout':
      return set.timeout !== null
    case 'counters':
      return set.counters
    case 'comment':
      return comments
    case 'skbinfo':
      return set.skbinfo
  }
}

function optionsOf(values: ReadonlyMap<string, Token>): ElementOptions {
  const timeout = values.get('timeout')
  const comment = values.get('comment')
  const priority = values.get('skbprio')
  const queue = values.get('skbqueue')
  const before = values.get('before')
  const after = values.get('after')
  if (comment && Buffer.byteLength(comment.text) > COMMENT_MAX) {
    throw new Refusal(comment, `the comment is too long; write at most ${COMMENT_MAX} bytes`)
  }
  if (priority && !SKBPRIO.test(priority.text)) {
    throw new Refusal(priority, `"${priority.text}" is not a priority; write MAJOR:MINOR in hexadecimal`)
  }
  if (queue) parseNumber(queue, 0, QUEUE_MAX, 'queue')
  if (before && after) throw new Refusal(after, 'before and after exclude each other; write one of them')
  const neighbour = before ?? after
  return {
    timeout: timeout ? parseNumber(timeout, 0, TIMEOUT_MAX, 'timeout') : -1,
    nomatch: values.has('nomatch'),
    wildcard: values.has('wildcard'),
    packets: readCounter(values.get('packets'), 'packets'),
    bytes: readCounter(values.get('bytes'), 'bytes'),
    ...readMark(values.get('skbmark')),
    beside: neighbour ? { token: neighbour, after: after !== undefined } : null,
  }
}

function readCounter(token: Token | undefined, what: string): number {
  if (!token) return -1
  const number = wholeNumberOf(token.text)
  if (number !== null && number <= COUNTER_MAX) return Number(number)
  throw new Refusal(token, `"${token.text}" is not a number of ${what}; write a number from 0 to ${COUNTER_MAX}`)
}

/** Without skbmark the mask is 0, and the packet keeps its mark. */
function readMark(token: Token | undefined): { mark: number; markMask: number } {
  if (!token) return { mark: 0, markMask: 0 }
  const [, mark, mask] = SKBMARK.exec(token.text) ?? []
  if (mark === undefined) throw new Refusal(token, `"${token.text}" is not a mark; write 0xMARK or 0xMARK/0xMASK`)
  return { mark: low32(mark), markMask: mask === undefined ? UINT32_MAX : low32(mask) }
}

function low32(digits: string): number {
  return Number(BigInt(`0x${digits}`) & LOW_32_BITS)
}
