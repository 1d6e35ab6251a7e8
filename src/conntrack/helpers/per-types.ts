/**
 * Types of aligned PER (X.691) as data, as far as H.225.0 and H.245 use them. What is not `read` is stepped over. Where
 * the kernel does not look past a component, that one is a `stop`.
 */
export type PerType =
  | { readonly kind: 'null' | 'boolean' | 'object-identifier' | 'unbounded-integer' | 'open-type' }
  /** A number, or a choice of numbers, in so many bits. */
  | { readonly kind: 'bits'; readonly count: number }
  /** A number in one or two octets of its own. */
  | { readonly kind: 'octet-integer'; readonly octets: 1 | 2 }
  /** A number in as many octets as it needs; its value counts from `low`. */
  | { readonly kind: 'long-integer'; readonly low: number }
  | { readonly kind: 'octets'; readonly count: number }
  /**
   * Units of so many bits; how many stands in front: in so many bits, in an octet, in two, or in a length determinant.
   */
  | { readonly kind: 'string'; readonly unitBits: number; readonly length: LengthForm; readonly least: number }
  | { readonly kind: 'list'; readonly item: Component; readonly nested: boolean; readonly most: number }
  | SequenceType
  | ChoiceType

export type LengthForm = number | 'octet' | 'word' | 'determinant'

export interface Component {
  readonly type: PerType
  /** Under which its value is found; '' for none. */
  readonly name: string
  readonly isOptional: boolean
  readonly use: 'skip' | 'read' | 'stop'
}

export interface SequenceType {
  readonly kind: 'sequence'
  readonly root: readonly Component[]
  readonly optionals: number
  /** Null for a sequence that cannot be extended. */
  readonly extensions: Extensions | null
}

/** What stands after the root: so many of them are known to the kernel, and of these some are read. */
export interface Extensions {
  readonly known: number
  readonly read: Readonly<Record<number, Component>>
  readonly stopAt: number
}

export interface ChoiceType {
  readonly kind: 'choice'
  readonly root: readonly Component[]
  readonly bits: number
  readonly isExtensible: boolean
  /** Alternatives that the kernel knows, root and extensions. */
  readonly known: number
  readonly extended: Readonly<Record<number, Component>>
}

export const NULL: PerType = { kind: 'null' }
export const BOOLEAN: PerType = { kind: 'boolean' }
export const OBJECT_IDENTIFIER: PerType = { kind: 'object-identifier' }
export const UNBOUNDED: PerType = { kind: 'unbounded-integer' }
export const OPEN_TYPE: PerType = { kind: 'open-type' }
export const OCTET: PerType = { kind: 'octet-integer', octets: 1 }
export const WORD: PerType = { kind: 'octet-integer', octets: 2 }
export const LONG: PerType = { kind: 'long-integer', low: 0 }
export const SECONDS: PerType = { kind: 'long-integer', low: 1 }
export const OCTET_STRING: PerType = string(8, 'determinant', 0)

export const bits = (count: number): PerType => ({ kind: 'bits', count })
export const octets = (count: number): PerType => ({ kind: 'octets', count })

export function string(unitBits: number, length: LengthForm, least: number): PerType {
  return { kind: 'string', unitBits, length, least }
}

export const skip = (type: PerType): Component => ({ type, name: '', isOptional: false, use: 'skip' })
export const optional = (type: PerType): Component => ({ type, name: '', isOptional: true, use: 'skip' })
export const read = (name: string, type: PerType): Component => ({ type, name, isOptional: false, use: 'read' })
export const readOptional = (name: string, type: PerType): Component => ({ type, name, isOptional: true, use: 'read' })
/** An alternative that says all by being chosen. */
export const named = (name: string): Component => ({ type: NULL, name, isOptional: false, use: 'skip' })
export const STOP: Component = { type: NULL, name: '', isOptional: false, use: 'stop' }

export function sequence(root: readonly Component[], extensions: Extensions | null = null): SequenceType {
  return { kind: 'sequence', root, optionals: root.filter((one) => one.isOptional).length, extensions }
}

export function extensions(known: number, read: Extensions['read'] = {}, stopAt = known): Extensions {
  return { known, read, stopAt }
}

/** An extension mark, and no extension that the kernel knows. */
export const NOTHING_MORE = extensions(0)

/** A list of any number of items, of which the first `most` are read. */
export const list = (item: Component, most = 0): PerType => ({ kind: 'list', item, nested: false, most })
/** A list of messages of their own: each has its length in front. */
export const nestedList = (item: Component, most = 0): PerType => ({ kind: 'list', item, nested: true, most })

export function choice(
  root: readonly Component[],
  known: number = root.length,
  extended: ChoiceType['extended'] = {},
): ChoiceType {
  return { ...fixedChoice(root), isExtensible: true, known, extended }
}

/** A choice that cannot be extended. */
export function fixedChoice(root: readonly Component[]): ChoiceType {
  const count = Math.ceil(Math.log2(root.length))
  return { kind: 'choice', root, bits: count, isExtensible: false, known: root.length, extended: {} }
}
