import type { ChoiceType, Component, Extensions, LengthForm, PerType, SequenceType } from './per-types.ts'

/** Thrown when a message ends too early or cannot be what it claims to be. */
export class PerError extends Error {}

/** A value that was read: of a sequence or choice its parts by name, of a list its items. */
export class PerNode {
  readonly parts = new Map<string, PerNode>()
  readonly items: PerNode[] = []
  /** A number's value; of octets, where in the bytes they start. */
  value = 0

  get(name: string): PerNode | undefined {
    return this.parts.get(name)
  }
}

/** Bits of the longest bitmap that says which extensions of a sequence are present. */
const EXTENSIONS_MAX = 32

/**
 * Reads a message by its type, and fails where the kernel's decoder does: a part may reach beyond its own length, as
 * long as it stays in the message; fragmented lengths are not supported; a length determinant needs two octets, even
 * where it is one; of the extensions that the kernel does not know, each must have a length, present or not (oracle:
 * probes of H.323).
 */
export class PerDecoder {
  readonly #bytes: Uint8Array
  readonly #end: number
  /** Place in bits. */
  #at: number

  /** @param from first byte; @param end byte after the last */
  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes
    this.#at = from * 8
    this.#end = end
  }

  /** @throws PerError */
  message(type: PerType): PerNode {
    const node = new PerNode()
    this.#read(type, node)
    return node
  }

  /** @param node receives what is read; null where the value is only skipped */
  #read(type: PerType, node: PerNode | null): void {
    switch (type.kind) {
      case 'null':
        return
      case 'boolean':
        this.#skipBits(1)
        return
      case 'bits':
        this.#skipBits(type.count)
        return
      case 'object-identifier':
        this.#align()
        this.#need(1, 0)
        this.#skipOctets(this.#octet())
        return
      case 'octet-integer':
        this.#align()
        this.#skipOctets(type.octets)
        return
      case 'unbounded-integer':
        this.#align()
        this.#need(2, 0)
        this.#skipOctets(this.#length())
        return
      case 'long-integer':
        this.#longInteger(type.low, node)
        return
      case 'open-type':
        this.#openType(null, null, false)
        return
      case 'octets':
        // Strings of at most two octets are not aligned.
        if (type.count > 2) this.#align()
        if (node !== null) node.value = this.#at >> 3
        this.#skipOctets(type.count)
        return
      case 'string':
        this.#string(type.unitBits, type.length, type.least)
        return
      case 'list':
        this.#list(type.item, type.nested, type.most, node)
        return
      case 'sequence':
        this.#sequence(type, node)
        return
      case 'choice':
        this.#choice(type, node)
    }
  }

  #longInteger(low: number, node: PerNode | null): void {
    this.#need(0, 2)
    const octets = this.#bits(2) + 1
    this.#align()
    if (node !== null) {
      let value = 0
      for (let i = 0; i < octets; i++) value = (value << 8) | this.#octet()
      node.value = (value + low) >>> 0
    }
    // The kernel skips the octets of a number a second time after it has read them, and takes a message without so many
    // more octets as cut short.
    this.#skipOctets(octets)
  }

  #string(unitBits: number, length: LengthForm, least: number): void {
    const count = this.#count(length) + least
    this.#align()
    this.#skipBits(count * unitBits)
  }

  #count(form: LengthForm): number {
    if (typeof form === 'number') {
      this.#need(0, form)
      return this.#bits(form)
    }
    this.#align()
    this.#need(form === 'octet' ? 1 : 2, 0)
    if (form === 'octet') return this.#octet()
    return form === 'word' ? (this.#octet() << 8) | this.#octet() : this.#length()
  }

  #list(item: Component, isNested: boolean, most: number, node: PerNode | null): void {
    const count = this.#count('determinant')
    for (let i = 0; i < count; i++) {
      const child = node !== null && item.use === 'read' && i < most ? new PerNode() : null
      if (isNested) {
        this.#align()
        this.#openType(item.type, child, node !== null && item.use === 'read')
      } else this.#read(item.type, child)
      if (child !== null) node?.items.push(child)
    }
  }

  #sequence(type: SequenceType, node: PerNode | null): void {
    this.#need(0, 1)
    const isExtended = type.extensions !== null && this.#bits(1) === 1
    this.#need(0, type.optionals)
    const present = this.#bits(type.optionals)
    let optionalsLeft = type.optionals
    for (const component of type.root) {
      if (component.use === 'stop') return
      if (component.isOptional && ((present >>> --optionalsLeft) & 1) === 0) continue
      this.#read(component.type, childOf(node, component))
    }
    if (isExtended && type.extensions !== null) this.#extensions(type.extensions, node)
  }

  #extensions({ known, read, stopAt }: Extensions, node: PerNode | null): void {
    this.#need(0, 7)
    const count = this.#bits(7) + 1
    if (count > EXTENSIONS_MAX) throw new PerError('too many extensions')
    this.#need(0, count)
    const present = this.#bitmap(count)
    this.#align()
    for (let i = 0; i < count; i++) {
      if (i < known) {
        if (i >= stopAt) return
        if (((present << i) & 0x80000000) === 0) continue
      }
      const component = i < known ? read[i] : undefined
      if (component === undefined) this.#openType(null, null, false)
      else this.#openType(component.type, childOf(node, component), node !== null)
    }
  }

  #choice(type: ChoiceType, node: PerNode | null): void {
    this.#need(0, 1)
    const isExtended = type.isExtensible && this.#bits(1) === 1
    this.#need(0, isExtended ? 7 : type.bits)
    const index = isExtended ? type.root.length + this.#bits(7) : this.#bits(type.bits)
    if (!isExtended && index >= type.root.length) throw new PerError('no such alternative')
    if (index >= type.known) {
      this.#align()
      this.#openType(null, null, false)
      return
    }
    const component = isExtended ? type.extended[index - type.root.length] : type.root[index]
    if (component?.use === 'stop') return
    const child = component === undefined ? null : childOf(node, component)
    if (component !== undefined && component.name !== '') node?.parts.set(component.name, child ?? new PerNode())
    if (isExtended) {
      this.#align()
      this.#openType(component?.type ?? null, child, child !== null)
    } else if (component !== undefined) this.#read(component.type, child)
  }

  /** A part with its length in front; read only if `isRead`, else skipped. */
  #openType(type: PerType | null, node: PerNode | null, isRead: boolean): void {
    this.#need(2, 0)
    const length = this.#length()
    this.#need(length, 0)
    const from = this.#at
    if (type !== null && isRead) this.#read(type, node)
    this.#at = from + length * 8
  }

  /** Length determinant; stands at the start of an octet. */
  #length(): number {
    const first = this.#octet()
    return first < 0x80 ? first : ((first & 0x3f) << 8) | this.#octet()
  }

  #octet(): number {
    const place = this.#at >> 3
    if (place >= this.#end) throw new PerError('cut')
    this.#at += 8
    return this.#bytes[place]
  }

  #align(): void {
    this.#at = (this.#at + 7) & ~7
  }

  /** Bits that are there. */
  #bits(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++, this.#at++) {
      value = (value << 1) | ((this.#bytes[this.#at >> 3] >> (7 - (this.#at & 7))) & 1)
    }
    return value
  }

  /**
   * Up to 32 bits, the first one highest. As in the kernel, a bitmap that ends exactly with the fourth octet is not
   * shifted into place.
   */
  #bitmap(count: number): number {
    const offset = this.#at & 7
    const isUnshifted = offset > 0 && offset + count === EXTENSIONS_MAX
    if (isUnshifted) this.#at -= offset
    return isUnshifted ? this.#bits(EXTENSIONS_MAX) & (-1 << offset) : this.#bits(count) << (EXTENSIONS_MAX - count)
  }

  #skipBits(count: number): void {
    this.#at += count
    this.#need(0, 0)
  }

  #skipOctets(count: number): void {
    this.#at += count * 8
    this.#need(0, 0)
  }

  #need(octets: number, bits: number): void {
    if ((this.#at >> 3) + octets + (((this.#at & 7) + bits + 7) >> 3) > this.#end) throw new PerError('cut')
  }
}

function childOf(node: PerNode | null, component: Component): PerNode | null {
  if (node === null || component.use !== 'read') return null
  const child = new PerNode()
  node.parts.set(component.name, child)
  return child
}
