import { type ClassWriter, classWriter } from './class-writer.ts'
import type { CallCondition, Condition } from './condition.ts'
import { Division } from './division.ts'
import type { Program } from './program.ts'
import { isSteady } from './steadiness.ts'

/**
 * Divides header fields into classes: for two packets with the same classes, every condition on addresses, ports and
 * protocol has the same result in every rule.
 *
 * Used for whole TCP and UDP packets with a connection. State, direction, interfaces, hooks, and TCP flags as far as
 * rules look at them (flag-classes.ts) must be compared besides. What else differs between the packets of a connection
 * is not steady (steadiness.ts), and is not considered here.
 */
export class PacketClasses {
  /** Calls by which rules look at the same headers: users of the classes must compare the results of these, too. */
  readonly calls: readonly CallCondition[]
  /** How many words `write` writes. */
  readonly count: number
  readonly write: ClassWriter

  /** @returns null where some condition cannot be divided */
  static of(programs: readonly Program[]): PacketClasses | null {
    const division = new Division()
    const divides = programs.every((program) => everyCondition(program, (condition) => division.add(condition)))
    return divides ? new PacketClasses(division) : null
  }

  /**
   * The classes of all conditions that can be divided.
   * @returns `divided`: these conditions, whose results are the same for packets of the same classes
   */
  static ofWhatIsSteady(program: Program): { classes: PacketClasses; divided: ReadonlySet<Condition> } {
    const division = new Division()
    const divided = new Set<Condition>()
    everyCondition(program, (condition) => {
      if (isSteady(condition) && division.add(condition)) divided.add(condition)
      return true
    })
    return { classes: new PacketClasses(division), divided }
  }

  private constructor(division: Division) {
    const { write, words } = classWriter(division.fields())
    this.calls = division.calls
    this.count = words
    this.write = write
  }
}

/** The classes without rules: all packets are the same. */
export const NO_CLASSES = PacketClasses.of([]) as PacketClasses

/** Whether `holds` is true of every condition; it is called once for one that rules share. */
function everyCondition({ chains }: Program, holds: (condition: Condition) => boolean): boolean {
  const known = new Set<Condition>()
  for (const { rules } of chains) {
    for (let rule = 0; rule < rules.length; rule++) {
      const { checks } = rules[rule]
      for (let at = 0; at < checks.length; at++) {
        const { condition } = checks[at]
        if (known.has(condition)) continue
        known.add(condition)
        if (!holds(condition)) return false
      }
    }
  }
  return true
}
