import { type ClassWriter, classWriter } from './class-writer.ts'
import type { CallCondition, Condition } from './condition.ts'
import { Division } from './division.ts'
import type { Program } from './program.ts'
import { isSteady } from './steadiness.ts'

/**
 * Divides what rules ask of a packet's headers into classes: in two packets of the same classes, every condition on
 * addresses, ports and protocol has the same answer in every rule.
 *
 * It is for whole TCP and UDP packets with a connection. Their state, direction, interfaces, hooks, and TCP flags as far
 * as rules look at them (flag-classes.ts) must be compared besides; what else differs between the packets of a connection
 * is not steady (steadiness.ts), and does not count here.
 */
export class PacketClasses {
  /** What rules ask besides, of the same headers, in ways of its own: whoever compares classes must compare the answers, too. */
  readonly calls: readonly CallCondition[]
  /** How many words `write` writes. */
  readonly count: number
  readonly write: ClassWriter

  /** @returns null where some rule asks what cannot be divided */
  static of(programs: readonly Program[]): PacketClasses | null {
    const division = new Division()
    for (const program of programs) {
      for (const condition of conditionsOf(program)) if (!division.add(condition)) return null
    }
    return new PacketClasses(division)
  }

  /**
   * Of all that can be divided.
   * @returns `divided`: the conditions whose answers are the same for packets of the same classes
   */
  static ofWhatIsSteady(program: Program): { classes: PacketClasses; divided: ReadonlySet<Condition> } {
    const division = new Division()
    const divided = new Set<Condition>()
    for (const condition of conditionsOf(program)) {
      if (isSteady(condition) && division.add(condition)) divided.add(condition)
    }
    return { classes: new PacketClasses(division), divided }
  }

  private constructor(division: Division) {
    const { write, words } = classWriter(division.fields())
    this.calls = division.calls
    this.count = words
    this.write = write
  }
}

/** Of packets without rules. */
export const NO_CLASSES = PacketClasses.of([]) as PacketClasses

function conditionsOf({ chains }: Program): readonly Condition[] {
  const conditions: Condition[] = []
  for (const { rules } of chains) {
    for (const { checks } of rules) for (const { condition } of checks) conditions.push(condition)
  }
  return conditions
}
