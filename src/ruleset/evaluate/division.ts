import { P_DST, P_L4_LENGTH, P_PORTS, P_PROTOCOL, P_SRC } from '../../wire/packet-fields.ts'
import { Boundaries } from './boundaries.ts'
import type { CallCondition, Condition, FieldCondition } from './condition.ts'
import { FIELDS, type FieldName } from './fields.ts'
import { OCTET, PORT, WORD } from './value-set.ts'

/** The bits of a packet's row in which a field's value stands: (row[word] >>> shift) & max. */
export interface FieldBits {
  readonly word: number
  readonly shift: number
  readonly max: number
}

/** The fields whose values are divided into classes. */
const FIELD_BITS: Partial<Record<FieldName, FieldBits>> = {
  ...addressBits('source', P_SRC),
  ...addressBits('destination', P_DST),
  protocol: { word: P_PROTOCOL, shift: 0, max: OCTET },
  sourcePort: { word: P_PORTS, shift: 16, max: PORT },
  destinationPort: { word: P_PORTS, shift: 0, max: PORT },
  icmpType: { word: P_PORTS, shift: 24, max: OCTET },
  icmpTypeCode: { word: P_PORTS, shift: 16, max: PORT },
  transportLength: { word: P_L4_LENGTH, shift: 0, max: WORD },
}

/** Fields that are the same in all packets for which PacketClasses is used, or that its users compare themselves. */
const COMPARED: ReadonlySet<FieldName> = new Set([
  'state',
  'direction',
  'connection',
  'connectionProtocol',
  'inInterface',
  'outInterface',
  'fragmentOffset',
  'tcpFlags',
  // 0 at the start of every packet's way.
  'mark',
])

function addressBits(end: 'source' | 'destination', first: number): Partial<Record<FieldName, FieldBits>> {
  return Object.fromEntries([0, 1, 2, 3].map((word) => [`${end}${word}`, { word: first + word, shift: 0, max: WORD }]))
}

/**
 * Collects the values of header fields at which the result of some condition changes, and the calls that conditions
 * make.
 */
export class Division {
  readonly #asked = new Map<FieldName, Boundaries>()
  readonly #calls = new Set<CallCondition>()

  get calls(): readonly CallCondition[] {
    return [...this.#calls]
  }

  /** The bits of the fields, and the first value of each class, from 0 on. */
  fields(): { readonly bits: FieldBits; readonly starts: Float64Array }[] {
    return [...this.#asked].map(([field, boundaries]) => ({ bits: bitsOf(field), starts: boundaries.sorted() }))
  }

  /** Adds a condition. False where it depends on something else that is steady. */
  add(condition: Condition): boolean {
    switch (condition.kind) {
      case 'field':
        return this.#addField(condition)
      case 'all':
      case 'any':
        return condition.parts.every((part) => this.add(part))
      case 'hotdrop':
        return this.add(condition.when)
      case 'name':
      case 'constant':
      case 'stateful':
        return true
      case 'call':
        if (condition.steady === true) this.#calls.add(condition)
        return true
    }
  }

  #addField(condition: FieldCondition): boolean {
    const { field } = condition
    let boundaries = this.#asked.get(field)
    if (boundaries === undefined) {
      if ((FIELDS[field] as { perPacket?: boolean }).perPacket === true || COMPARED.has(field)) return true
      const bits = FIELD_BITS[field]
      if (bits === undefined) return false
      boundaries = new Boundaries(bits.max)
      this.#asked.set(field, boundaries)
    }
    return boundaries.addCondition(condition)
  }
}

function bitsOf(field: FieldName): FieldBits {
  return FIELD_BITS[field] as FieldBits
}
