import type { Family } from '../rule-environment.ts'

/** What stands at one place of an element. `plain-port` is a port of TCP and UDP alike, without its protocol. */
export type Dimension = 'ip' | 'net' | 'port' | 'plain-port' | 'mac' | 'mark' | 'iface'

/** The dimensions of a type's elements. bitmap:ip,mac is kept by address alone, with the MAC beside. */
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

/** Seconds that an element may have. */
export const TIMEOUT_MAX = 2_147_483

export type SetType = keyof typeof SET_TYPES

/** A set as `ipset save` wrote it. */
export interface SetDefinition {
  readonly name: string
  readonly type: SetType
  /** null: of both families (bitmap:port, hash:mac, list:set). */
  readonly family: Family | null
  /** Default seconds of new elements, 0 for ever; null: the set has no timeouts. */
  readonly timeout: number | null
  readonly counters: boolean
  readonly skbinfo: boolean
  readonly maxElements: number
  readonly forceAdd: boolean
  /** Of the addresses (`netmask`, `bitmask`): ANDed to every one; words of the family. */
  readonly addressMask: readonly number[]
  readonly markMask: number
  /** bitmap types: the lowest and highest address or port. */
  readonly range: { readonly low: number; readonly high: number } | null
  readonly elements: SetElements
  /** list:set: names of the members, in order. */
  readonly members: readonly string[]
  /** Interface names of hash:net,iface by the number that stands for them in keys. */
  readonly interfaces: readonly InterfaceName[]
}

export interface InterfaceName {
  readonly name: string
  /** Every name that starts so. */
  readonly wildcard: boolean
  /** The port of a bridge. */
  readonly physical: boolean
}

/** Elements as numbers: `keys` holds keyWidth() words for each, all else one number each. */
export interface SetElements {
  count: number
  readonly keys: number[]
  /** Seconds left, -1 for none given. */
  readonly timeouts: number[]
  readonly nomatch: boolean[]
  /** -1 for none given: an element that is there already keeps its own. */
  readonly packets: number[]
  readonly bytes: number[]
  readonly mark: number[]
  readonly markMask: number[]
  /** bitmap:ip,mac: two words each; -1 as the first for none given, which keeps the one that is there. */
  readonly macs: number[]
}

export function noElements(): SetElements {
  return { count: 0, keys: [], timeouts: [], nomatch: [], packets: [], bytes: [], mark: [], markMask: [], macs: [] }
}

/** Words that a dimension takes in a key; a network has its prefix length behind its address. */
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

/** The same for types that ipset swaps: a bitmap and a hash of addresses hold the same. */
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
