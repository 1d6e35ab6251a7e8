import type { OracleLine } from './kernel-oracle.ts'

/** Where a frame without a label ended. Several notes of ours and several states of the oracle's mean the same thing. */
export type Fate =
  /** Met the tracker; has a label. */
  | 'labelled'
  /** Nothing for netfilter: another protocol, an unknown link type, headers cut off, or refused by the IP layer. */
  | 'no packet'
  /** Kept for reassembly, or thrown away as duplicate or overlap: the kernel does not show which. */
  | 'fragment'
  /** Host mode: of other machines. */
  | 'not seen'
  /** Dropped in the raw table before the tracker, or by the tracker itself. */
  | 'dropped before the label'
  /** The oracle could not put it into the kernel. */
  | 'not asked'

/** What one side said about one frame, in words that both sides share. */
export interface Answer {
  fate: Fate
  label: string | null
  direction: string | null
  /** ACCEPT, DROP, REJECT, UNKNOWN (ours only), not-routed, or null. */
  verdict: string | null
  /** The deciding rule as TRACE prints it. */
  rule: string | null
  /** Dropped by what no trace record names: a match that gave up, NAT, a helper. Ours: connlimit only. */
  isSilent: boolean
  /** Ours: the capture cut the packet within what the tracker reads, so that nothing is said. The oracle pads it. */
  isCut: boolean
  /** Ours: the headers of an IPv6 packet say that they reach beyond it. */
  isOverrun: boolean
  /** The reason in the words of its side, for people. */
  reason: string | null
  /** Ours: the REASON_ code. The kernel's side: 0. */
  reasonCode: number
  /** Our verdict UNKNOWN: the verdicts that are possible. */
  possible: readonly string[]
  /** Frame whose UNKNOWN verdict this answer depends on, 0 for none. */
  assumesFrame: number
  note: string | null
}

export const NO_ANSWER: Answer = {
  fate: 'not asked',
  label: null,
  direction: null,
  verdict: null,
  rule: null,
  isSilent: false,
  isCut: false,
  isOverrun: false,
  reason: null,
  reasonCode: 0,
  possible: [],
  assumesFrame: 0,
  note: null,
}

const FATES: Readonly<Record<string, Fate>> = {
  NOT_IP: 'no packet',
  IP_DROP: 'no packet',
  FRAG_QUEUED: 'fragment',
  OTHERHOST: 'not seen',
  NONE: 'dropped before the label',
  CT_DROP: 'dropped before the label',
  UNINJECTABLE: 'not asked',
  TRUNCATED: 'not asked',
}

export function answerOfKernel(line: OracleLine): Answer {
  const fate = FATES[line.state] ?? 'labelled'
  const judged = fate === 'labelled' || fate === 'dropped before the label'
  const rejected = line.verdict === 'DROP' && line.target === 'REJECT'
  return {
    ...NO_ANSWER,
    fate,
    label: fate === 'labelled' ? line.state : null,
    direction: line.dir ?? null,
    verdict: !judged ? null : rejected ? 'REJECT' : line.verdict,
    rule: judged && line.verdict !== 'not-routed' ? (line.rule ?? null) : null,
    isSilent: line.silent === true,
    reason: line.why?.replace(/^nf_ct_proto_\d+: /, '').trim() ?? null,
    note: line.note ?? null,
  }
}

/** An answer on one line, for people. */
export function answerText(answer: Answer): string {
  if (answer.fate !== 'labelled' && answer.fate !== 'dropped before the label') {
    return answer.note === null ? `(${answer.fate})` : `(${answer.fate}: ${answer.note})`
  }
  const label = `${answer.label ?? '-'}${answer.direction === 'reply' ? '/reply' : ''}`
  const parts = [label, answer.verdict ?? '-', answer.rule ?? '']
  if (answer.reason !== null) parts.push(`"${answer.reason}"`)
  if (answer.possible.length > 0) parts.push(`possible: ${answer.possible.join('|')}`)
  return parts.join(' ').trimEnd()
}
