/** Why a line is no line for iptables-restore, although people may write it so. */
export interface Misreading {
  readonly column: number
  /** `what; what to write instead` */
  readonly text: string
}

/**
 * Finds one kind of them in a line that was refused.
 *
 * @param column where it was refused, so that it is known what iptables-restore took for a value
 */
export type FindMisreading = (source: string, column: number) => Misreading | null
