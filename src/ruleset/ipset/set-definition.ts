import type { Family } from '../packet/rule-environment.ts'

/** One part of an element. `plain-port` is a port of either TCP or UDP, without the protocol. */
export type Dimension = 'ip' | 'net' | 'port' | 'plain-port' | 'mac' | 'mark' | 'iface'

/** The dimensions of each type's elements. In bitmap:ip,mac only the address is a key; the MAC is stored with it. */
export const SET_TYPES = {
  'bitmap:ip': ['ip'],
  'bitmap:ip,mac': ['ip'],
  'bitmap:port': ['plain-port'],
  'hash:ip': ['ip'],
  'hash:mac': ['mac'],
  'hash:ip,mac': ['ip', 'mac'],
  'hash:net': ['net'],
  'hash:net,net': ['net', 'net'],
  'hash:ip,port': ['ip', 'port'],
  'hash:net,port': ['net', 'port'],
  'hash:ip,port,ip': ['ip', 'port', 'ip'],
  'hash:ip,port,net': ['ip', 'port', 'net'],
  'hash:ip,mark': ['ip', 'mark'],
  'hash:net,port,net': ['net', 'port', 'net'],
  'hash:net,iface': ['net', 'iface'],
  'list:set': [],
} as const satisfies Record<string, readonly Dimension[]>

/** The longest timeout of an element in seconds. */
export const TIMEOUT_MAX = 2_147_483

export type SetType = keyof typeof SET_TYPES

/** A set as it is saved. */
export interface SetDefinition {
  readonly name: string
  readonly type: SetType
  /** null: of both families (bitmap:port, hash:mac, list:set). */
  readonly family: Family | null
  /** Default timeout of new elements in seconds, 0 for none; null if elements of the set have no timeouts. */
  readonly timeout: number | null
  readonly counters: boolean
  readonly skbinfo: boolean
  readonly maxElements: number
  readonly forceAdd: boolean
  /** From `netmask` or `bitmask`, in words: every address is ANDed with it. */
  readonly addressMask: readonly number[]
  readonly markMask: number
  /** bitmap types: the lowest and highest address or port. */
  readonly range: { readonly low: number; readonly high: number } | null
  readonly elements: SetElements
  /** list:set: names of the members, in order. */
  readonly members: readonly string[]
  /** hash:net,iface: interface names by the number that stands for them in keys. */
  readonly interfaces: readonly InterfaceName[]
}

export interface InterfaceName {
  readonly name: string
  /** Stands for all names that begin with it. */
  readonly wildcard: boolean
  /** Means the port of a bridge (`physdev:`). */
  readonly physical: boolean
}

/** Whether the name of an interface is that of an element, or begins with it if that is a `wildcard`. */
export function isNamedBy(element: InterfaceName, name: string): boolean {
  return element.wildcard ? name.startsWith(element.name) : name === element.name
}

/** Elements as numbers: `keys` has keyWidth() words for each, `macs` two, everything else one. */
export interface SetElements {
  count: number
  readonly keys: number[]
  /** Seconds left; -1 if not given. */
  readonly timeouts: number[]
  readonly nomatch: boolean[]
  /** -1 if not given: an element that the set has already keeps its counter. So for `bytes`. */
  readonly packets: number[]
  readonly bytes: number[]
  readonly mark: number[]
  readonly markMask: number[]
  /** bitmap:ip,mac: two words each. The first is -1 if no MAC is given: an element keeps the one that it has. */
  readonly macs: number[]
}

export function noElements(): SetElements {
  return { count: 0, keys: [], timeouts: [], nomatch: [], packets: [], bytes: [], mark: [], markMask: [], macs: [] }
}

/** Words of a dimension in a key. The prefix length of a network comes after its address. */
export function wordsOf(dimension: Dimension, addressWords: number): number {
  switch (dimension) {
    case 'ip':
      return addressWords
    case 'net':
      return addressWords + 1
    case 'mac':
      return 2
    default:
      return 1
  }
}

export function keyWidth(type: SetType, family: Family | null): number {
  const dimensions: readonly Dimension[] = SET_TYPES[type]
  return dimensions.reduce((sum, dimension) => sum + wordsOf(dimension, family === 'ipv6' ? 4 : 1), 0)
}

/** Equal for types that ipset can swap, for example a bitmap and a hash of addresses. */
export function featuresOf(type: SetType): string {
  if (type === 'bitmap:ip,mac') return featuresOf('hash:ip,mac')
  const dimensions: readonly Dimension[] = SET_TYPES[type]
  const hasNets = dimensions.includes('net')
  const kinds = dimensions.map((one) => (one === 'net' ? 'ip' : one)).sort()
  return [...kinds, hasNets ? 'nomatch' : '', type === 'list:set' ? 'name' : ''].join()
}

/** Flags (`src`, `dst`) that a rule must give at least. */
export function dimensionsOf(type: SetType): number {
  return type === 'bitmap:ip,mac' ? 2 : Math.max(1, SET_TYPES[type].length)
}
