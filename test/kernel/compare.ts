import { REASON_HELPER_DROP, REASON_NAT_CLASH } from '../../src/conntrack/reasons.ts'
import type { Answer } from './answer.ts'
import { sameReason } from './reason-class.ts'

/** Drops behind the last rule that the oracle traces. */
const DROPPED_AT_THE_END: readonly number[] = [REASON_HELPER_DROP, REASON_NAT_CLASH]

export type Field = 'fate' | 'label' | 'direction' | 'verdict' | 'rule' | 'reason'

/** Why a frame was not compared, or only in part. */
export type Exclusion =
  | 'the oracle could not inject it'
  | 'our verdict is UNKNOWN, the kernel did one of the possible'
  | 'hangs on an earlier UNKNOWN verdict'
  | 'the capture cut what the tracker reads'
  | 'an IPv6 header reaches beyond the packet: the TUN device of the oracle drops it, others do not'
  | 'connlimit drops what comes to a group that is empty, unless the kernel has freed the group by chance'

export interface Comparison {
  /** Frames of the capture. */
  frames: number
  /** Frames that the kernel labelled, less the excluded ones. */
  labelled: number
  /** Of these, equal in every field. */
  equal: number
  /** Frames that differ, by the first field that does. */
  differing: Map<Field, number>
  /** Frames left out, by reason. */
  excluded: Map<Exclusion, number>
  differences: Difference[]
  /** Index of every frame that was left out or differs. */
  notEqual: number[]
}

export interface Difference {
  /** Place in the lists, from 1. */
  frame: number
  field: Field
}

/** Compares frame by frame; both lists hold one answer per frame, in capture order. */
export function compare(kernel: readonly Answer[], ours: readonly Answer[]): Comparison {
  const result: Comparison = {
    frames: Math.max(kernel.length, ours.length),
    labelled: 0,
    equal: 0,
    differing: new Map(),
    excluded: new Map(),
    differences: [],
    notEqual: [],
  }
  for (let i = 0; i < result.frames; i++) {
    const [k, o] = [kernel[i], ours[i]]
    const field = k === undefined || o === undefined ? 'fate' : compareFrame(k, o)
    if (field !== null) result.notEqual.push(i)
    if (field === null) {
      if (k.fate === 'labelled') {
        result.labelled++
        result.equal++
      }
    } else if (typeof field === 'object') {
      add(result.excluded, field.exclusion)
    } else {
      if (k?.fate === 'labelled') result.labelled++
      add(result.differing, field)
      result.differences.push({ frame: i + 1, field })
    }
  }
  return result
}

function compareFrame(kernel: Answer, ours: Answer): Field | { exclusion: Exclusion } | null {
  if (kernel.fate === 'not asked') return { exclusion: 'the oracle could not inject it' }
  if (ours.assumesFrame > 0) return { exclusion: 'hangs on an earlier UNKNOWN verdict' }
  const isGone = kernel.fate === 'no packet' || (kernel.fate === 'dropped before the label' && kernel.rule === null)
  if (isGone && ours.isOverrun) {
    return {
      exclusion: 'an IPv6 header reaches beyond the packet: the TUN device of the oracle drops it, others do not',
    }
  }
  if (kernel.fate === 'labelled' && ours.isCut) return { exclusion: 'the capture cut what the tracker reads' }
  // A malformed packet of other hosts: which of the two is said first makes no difference to anybody.
  if (kernel.fate === 'not seen' && ours.fate === 'no packet') return null
  // A malformed fragment leaves no trace, like one that is kept.
  if (kernel.fate === 'fragment' && ours.note === 'malformed') return null
  if (kernel.fate !== ours.fate) return 'fate'
  if (kernel.label !== ours.label) return 'label'
  if (kernel.direction !== ours.direction) return 'direction'
  if (ours.verdict === 'UNKNOWN') {
    const possible = kernel.verdict !== null && ours.possible.includes(kernel.verdict)
    return possible ? { exclusion: 'our verdict is UNKNOWN, the kernel did one of the possible' } : 'verdict'
  }
  if (kernel.verdict !== ours.verdict && ours.isSilent) {
    return {
      exclusion: 'connlimit drops what comes to a group that is empty, unless the kernel has freed the group by chance',
    }
  }
  if (kernel.verdict !== ours.verdict) return 'verdict'
  // Its trace only shows the last rule before, which had let the packet pass.
  if (kernel.isSilent) return null
  // After a rule of the nat table, what a helper drops, or what is dropped when it is to be confirmed, looks as if that
  // rule had dropped it.
  if (DROPPED_AT_THE_END.includes(ours.reasonCode) && kernel.rule?.startsWith('nat:') === true) return null
  if (kernel.rule !== ours.rule) return 'rule'
  return sameReason(kernel, ours) ? null : 'reason'
}

/** Adds counts to counts. */
export function addCounts<K>(sum: Map<K, number>, counts: ReadonlyMap<K, number>): void {
  for (const [key, count] of counts) sum.set(key, (sum.get(key) ?? 0) + count)
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
