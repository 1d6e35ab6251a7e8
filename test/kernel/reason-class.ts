import * as reasons from '../../src/conntrack/reasons.ts'
import type { Answer } from './answer.ts'

/**
 * The kernel's words for a reason (nf_conntrack_log_invalid) and the codes of ours that mean the same. Numbers in the
 * text are not compared.
 */
const SAME: readonly { kernel: RegExp; ours: readonly number[] }[] = [
  { kernel: /^invalid tcp flag combination/, ours: [reasons.REASON_TCP_FLAGS] },
  { kernel: /^invalid new$/, ours: [reasons.REASON_TCP_CANNOT_OPEN, reasons.REASON_TCP_NOT_LOOSE] },
  { kernel: /^packet \(index \d+\) in dir \d invalid/, ours: [reasons.REASON_TCP_STATE] },
  { kernel: /^packet \(index \d+\) in dir \d ignored/, ours: [reasons.REASON_TCP_IGNORED] },
  { kernel: /challenge-?ack/i, ours: [reasons.REASON_TCP_CHALLENGE_ACK] },
  { kernel: /^invalid rst/, ours: [reasons.REASON_TCP_RST_BELOW] },
  { kernel: /^SEQ is over upper bound/, ours: [reasons.REASON_TCP_SEQ_OVER] },
  { kernel: /^ACK is over upper bound/, ours: [reasons.REASON_TCP_ACK_OVER] },
  { kernel: /^SEQ is under lower bound/, ours: [reasons.REASON_TCP_SEQ_UNDER] },
  { kernel: /ACK under lower bound/, ours: [reasons.REASON_TCP_ACK_UNDER] },
  { kernel: /bytes more than expected/, ours: [reasons.REASON_TCP_OVERSHOT] },
  { kernel: /^bad( hw icmp)? checksum|^ICMPv6 checksum failed|bad CRC$/, ours: [reasons.REASON_CHECKSUM] },
  {
    kernel: /^truncated packet/,
    ours: [reasons.REASON_TCP_HEADER_LENGTH, reasons.REASON_SHORT, reasons.REASON_TCP_FLAGS],
  },
  { kernel: /^truncated\/malformed packet/, ours: [reasons.REASON_UDP_LENGTH] },
  { kernel: /short packet$/, ours: [reasons.REASON_SHORT] },
  { kernel: /^invalid checksum coverage/, ours: [reasons.REASON_UDPLITE_COVERAGE] },
  { kernel: /^checksum missing/, ours: [reasons.REASON_UDPLITE_CHECKSUM_MISSING] },
  { kernel: /^invalid icmp type/, ours: [reasons.REASON_ICMP_TYPE_UNKNOWN] },
  { kernel: /^short redirect|^redirect|for redirect$/, ours: [reasons.REASON_ICMP_REDIRECT, reasons.REASON_SHORT] },
  { kernel: /^do_basic_checks failed/, ours: [reasons.REASON_SCTP_CHUNKS] },
  { kernel: /^verification tag check failed/, ours: [reasons.REASON_SCTP_TAG] },
  { kernel: /^Invalid, old_state/, ours: [reasons.REASON_SCTP_STATE] },
  { kernel: /^outer daddr/, ours: [reasons.REASON_ICMP_WRONG_WAY, reasons.REASON_ICMP_WRONG_WAY_V6] },
]

/**
 * True when both sides give the same reason, or the kernel, which is silent about many an INVALID packet, gives none.
 * For a packet that it does not call INVALID the kernel's silence counts: there was nothing to say.
 */
export function sameReason(kernel: Answer, ours: Answer): boolean {
  if (kernel.reason === null) return ours.reasonCode === reasons.REASON_NONE || kernel.label === 'INVALID'
  const known = SAME.find((entry) => entry.kernel.test(kernel.reason ?? ''))
  return known?.ours.includes(ours.reasonCode) ?? false
}
