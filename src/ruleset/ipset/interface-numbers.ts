import { INTERFACE_UNKNOWN } from '../packet/rule-packet.ts'
import { type InterfaceName, isNamedBy } from './set-definition.ts'

const NONE: readonly number[] = []

/** The interface names of a set, by the numbers that stand for them in keys, and what they say of an interface. */
export class InterfaceNumbers {
  /** By interface of the machine, the numbers of the names that match it. */
  readonly #fitting: readonly (readonly number[])[]
  /** Numbers of the names of bridge ports. */
  readonly #physical: readonly number[]
  readonly #all: readonly number[]

  /** @param interfaces names of the machine's interfaces by number */
  constructor(names: readonly InterfaceName[], interfaces: readonly string[]) {
    const numbered = names.map((one, number) => ({ ...one, number }))
    this.#fitting = interfaces.map((name) =>
      numbered.filter((one) => !one.physical && isNamedBy(one, name)).map(({ number }) => number),
    )
    this.#physical = numbered.filter((one) => one.physical).map(({ number }) => number)
    this.#all = numbered.map(({ number }) => number)
  }

  /** The names that match an interface of the machine. */
  fitting(one: number): readonly number[] {
    return one === INTERFACE_UNKNOWN ? NONE : this.#fitting[one]
  }

  /** The names that may match it, or its port of a bridge. */
  unsure(one: number): readonly number[] {
    return one === INTERFACE_UNKNOWN ? this.#all : this.#physical
  }
}
