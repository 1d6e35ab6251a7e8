import { describeFound } from './describe.ts'
import type { Runtime } from './evaluate/runtime.ts'
import type { Check } from './evaluate/three-valued.ts'
import type { Recorder } from './evaluate/walk-context.ts'
import type { RulePacket } from './packet/rule-packet.ts'
import type { RuleInfo } from './ruleset.ts'

/** One check of a rule. */
interface CheckStep {
  /** Name of the match, or of the option without a match (`source`, `in-interface`, …). */
  readonly match: string
  /** `no`, `yes`, `unknown`, or `drop` where the match dropped the packet at once. */
  readonly result: 'no' | 'yes' | 'unknown' | 'drop'
  /** The value in the packet: `destination port 53`. */
  readonly found: string
  /** For `unknown`: what is missing. */
  readonly missing: string | null
}

/** One rule that a packet met. */
export interface RuleStep {
  readonly rule: RuleInfo
  /** Up to the first one that failed. */
  readonly checks: readonly CheckStep[]
  readonly matched: 'no' | 'yes' | 'unknown'
  /** The packet's mark when it came to the rule. */
  readonly mark: number
}

const RESULTS = ['no', 'yes', 'unknown', 'drop', 'unknown'] as const
const MATCHED = ['no', 'yes', 'unknown'] as const

/** Records what the interpreter does. */
export class StepRecorder implements Recorder {
  readonly #steps: RuleStep[]
  readonly #infos: readonly RuleInfo[]
  readonly #runtime: Runtime
  readonly #interfaces: readonly string[]

  constructor(steps: RuleStep[], infos: readonly RuleInfo[], runtime: Runtime, interfaces: readonly string[]) {
    this.#steps = steps
    this.#infos = infos
    this.#runtime = runtime
    this.#interfaces = interfaces
  }

  rule(
    ruleId: number,
    checks: readonly Check[],
    results: readonly number[],
    matched: number,
    packet: RulePacket,
  ): void {
    this.#steps.push({
      rule: this.#infos[ruleId],
      matched: MATCHED[matched],
      mark: packet.mark,
      checks: results.map((result, index) => ({
        match: checks[index].match,
        result: RESULTS[result],
        found: describeFound(checks[index].condition, packet, this.#runtime, this.#interfaces),
        missing: RESULTS[result] === 'unknown' ? checks[index].missing : null,
      })),
    })
  }
}
