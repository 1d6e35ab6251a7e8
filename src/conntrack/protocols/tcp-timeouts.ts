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

/** How long a TCP entry lives after a segment, in nanoseconds. */
export class TcpTimeouts {
  readonly unacknowledged: number
  readonly #retransmitted: number
  readonly #maxRetransmissions: number
  readonly #byState = new Float64Array(16)

  constructor(timeouts: Timeouts) {
    const byState = this.#byState
    byState[TCP_SYN_SENT] = timeouts.nf_conntrack_tcp_timeout_syn_sent * 1e9
    byState[TCP_SYN_RECV] = timeouts.nf_conntrack_tcp_timeout_syn_recv * 1e9
    byState[TCP_ESTABLISHED] = timeouts.nf_conntrack_tcp_timeout_established * 1e9
    byState[TCP_FIN_WAIT] = timeouts.nf_conntrack_tcp_timeout_fin_wait * 1e9
    byState[TCP_CLOSE_WAIT] = timeouts.nf_conntrack_tcp_timeout_close_wait * 1e9
    byState[TCP_LAST_ACK] = timeouts.nf_conntrack_tcp_timeout_last_ack * 1e9
    byState[TCP_TIME_WAIT] = timeouts.nf_conntrack_tcp_timeout_time_wait * 1e9
    byState[TCP_CLOSE] = timeouts.nf_conntrack_tcp_timeout_close * 1e9
    byState[TCP_SYN_SENT2] = timeouts.tcp_syn_sent2 * 1e9
    this.#retransmitted = timeouts.nf_conntrack_tcp_timeout_max_retrans * 1e9
    this.unacknowledged = timeouts.nf_conntrack_tcp_timeout_unacknowledged * 1e9
    this.#maxRetransmissions = timeouts.nf_conntrack_tcp_max_retrans
  }

  ofState(state: number): number {
    return this.#byState[state]
  }

  choose(state: number, retransmissions: number, isRst: boolean, unacknowledged: boolean, zeroWindow: boolean): number {
    const usual = this.#byState[state]
    if (retransmissions >= this.#maxRetransmissions && usual > this.#retransmitted) return this.#retransmitted
    if (isRst) return this.#byState[TCP_CLOSE]
    if (unacknowledged && usual > this.unacknowledged) return this.unacknowledged
    if (zeroWindow && usual > this.#retransmitted) return this.#retransmitted
    return usual
  }
}
