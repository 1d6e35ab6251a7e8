import type { Timeouts } from '../timeout-policy.ts'
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT,
  TCP_LAST_ACK,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_SYN_SENT2,
  TCP_TIME_WAIT,
} from './tcp-states.ts'

/** Places in `ns` after those of the states. */
const RETRANSMITTED = 16
const UNACKNOWLEDGED = 17

/** How long a TCP entry lives after a segment. */
export class TcpTimeouts {
  /**
   * Nanoseconds, by the place that `choose` returns. (It does not return the nanoseconds themselves: V8 allocates for a
   * returned number that is not a small integer.)
   */
  readonly ns = new Float64Array(UNACKNOWLEDGED + 1)
  readonly #maxRetransmissions: number

  constructor(timeouts: Timeouts) {
    const { ns } = this
    ns[TCP_SYN_SENT] = timeouts.nf_conntrack_tcp_timeout_syn_sent * 1e9
    ns[TCP_SYN_RECV] = timeouts.nf_conntrack_tcp_timeout_syn_recv * 1e9
    ns[TCP_ESTABLISHED] = timeouts.nf_conntrack_tcp_timeout_established * 1e9
    ns[TCP_FIN_WAIT] = timeouts.nf_conntrack_tcp_timeout_fin_wait * 1e9
    ns[TCP_CLOSE_WAIT] = timeouts.nf_conntrack_tcp_timeout_close_wait * 1e9
    ns[TCP_LAST_ACK] = timeouts.nf_conntrack_tcp_timeout_last_ack * 1e9
    ns[TCP_TIME_WAIT] = timeouts.nf_conntrack_tcp_timeout_time_wait * 1e9
    ns[TCP_CLOSE] = timeouts.nf_conntrack_tcp_timeout_close * 1e9
    ns[TCP_SYN_SENT2] = timeouts.tcp_syn_sent2 * 1e9
    ns[RETRANSMITTED] = timeouts.nf_conntrack_tcp_timeout_max_retrans * 1e9
    ns[UNACKNOWLEDGED] = timeouts.nf_conntrack_tcp_timeout_unacknowledged * 1e9
    this.#maxRetransmissions = timeouts.nf_conntrack_tcp_max_retrans
  }

  get unacknowledged(): number {
    return this.ns[UNACKNOWLEDGED]
  }

  /** The place in `ns` of an entry in this state. */
  choose(state: number, retransmissions: number, isRst: boolean, unacknowledged: boolean, zeroWindow: boolean): number {
    const { ns } = this
    const usual = ns[state]
    if (retransmissions >= this.#maxRetransmissions && usual > ns[RETRANSMITTED]) return RETRANSMITTED
    if (isRst) return TCP_CLOSE
    if (unacknowledged && usual > ns[UNACKNOWLEDGED]) return UNACKNOWLEDGED
    if (zeroWindow && usual > ns[RETRANSMITTED]) return RETRANSMITTED
    return state
  }
}
