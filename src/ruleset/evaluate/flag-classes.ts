import type { Condition, FieldCondition } from './condition.ts'
import type { Program } from './program.ts'

const FLAG_VALUES = 256

/**
 * By value of a packet's TCP flags: the lowest value that rules cannot tell from it. ACK and PSH are mostly the same to
 * them, even where they ask for every flag.
 */
export type FlagClasses = Uint8Array

/** Of a packet whose flags nobody looks at. */
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

/** Values are alike where they are so to both. */
export function commonFlagClasses(one: FlagClasses, other: FlagClasses): FlagClasses {
  return divided(one, (value) => other[value])
}

/** Those that were alike, and of which the same can be said. */
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

/** @param asked by what they ask */
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
