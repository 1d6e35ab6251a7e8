import type { Condition, FieldCondition } from './condition.ts'
import type { Program } from './program.ts'

const FLAG_VALUES = 256

/**
 * By value of a packet's TCP flags: the lowest value that rules cannot distinguish from it. ACK and ACK+PSH, for
 * example, are mostly the same to them, even to rules that look at every flag.
 */
export type FlagClasses = Uint8Array

/** The classes where no rule looks at flags. */
export const ONE_FLAG_CLASS: FlagClasses = new Uint8Array(FLAG_VALUES)

export function flagClassesOf(programs: Iterable<Program>): FlagClasses {
  const asked = new Map<string, FieldCondition>()
  for (const { chains } of programs) {
    for (const { rules } of chains) {
      for (const { checks } of rules) for (const { condition } of checks) addFlagsAsked(condition, asked)
    }
  }
  let classes = ONE_FLAG_CLASS
  for (const condition of asked.values()) classes = divided(classes, (value) => holds(condition, value))
  return classes
}

/** The classes of values that both cannot distinguish. */
export function commonFlagClasses(one: FlagClasses, other: FlagClasses): FlagClasses {
  return divided(one, (value) => other[value])
}

/** Divides classes further, by a property of the values. */
function divided(classes: FlagClasses, said: (value: number) => unknown): FlagClasses {
  const firsts = new Map<string, number>()
  return classes.map((before, value) => {
    const key = `${before} ${said(value)}`
    const first = firsts.get(key) ?? value
    firsts.set(key, first)
    return first
  })
}

function holds({ mask, ranges }: FieldCondition, value: number): boolean {
  return ranges.some(({ low, high }) => (value & mask) >= low && (value & mask) <= high)
}

/** @param asked the conditions on flags found so far, by their content */
function addFlagsAsked(condition: Condition, asked: Map<string, FieldCondition>): void {
  switch (condition.kind) {
    case 'field':
      if (condition.field === 'tcpFlags') asked.set(JSON.stringify([condition.mask, condition.ranges]), condition)
      break
    case 'all':
    case 'any':
      for (const part of condition.parts) addFlagsAsked(part, asked)
      break
    case 'hotdrop':
      addFlagsAsked(condition.when, asked)
      break
  }
}
