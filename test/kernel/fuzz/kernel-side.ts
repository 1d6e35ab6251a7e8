import { SCTP_STATE_NAMES } from '../../../src/conntrack/protocols/sctp-states.ts'
import { answerOfKernel } from '../answer.ts'
import type { OracleEvent, OracleLine } from '../kernel-oracle.ts'
import type { Observation } from './observation.ts'

/** Texts of nf_conntrack_log_invalid whose number is a bound of the window. */
const BOUND =
  /^(?:SEQ is (?:over upper|under lower) bound|ACK is over upper bound|ignored ACK under lower bound) (\d+)|^(\d+) bytes more than expected/

export function observationOfKernel(line: OracleLine): Observation {
  const answer = answerOfKernel(line)
  const tracked = line.ct !== undefined && line.state !== 'INVALID'
  const status = line.status ?? ''
  const event = tracked && line.verdict === 'ACCEPT' ? lastEvent(line) : undefined
  const bound = BOUND.exec(answer.reason ?? '')
  return {
    answer,
    seenReply: tracked ? status.includes('SEEN_REPLY') : null,
    assured: tracked ? status.includes('ASSURED') : null,
    state: stateOf(event),
    timeout: event?.timeout ?? null,
    chainOverreaches: false,
    toItself: false,
    bound: bound === null ? null : Number(bound[1] ?? bound[2]),
  }
}

/** Events are kept until a packet of the entry is accepted: then the last one tells what the packet left. */
function lastEvent(line: OracleLine): (OracleEvent & { sctp?: number }) | undefined {
  const own = (line.events ?? []).filter((event) => event.id === line.ct)
  const last = own.at(-1)
  return last === undefined || last.ev === 'DESTROY' || last.ev === 'EXPIRED' ? undefined : last
}

function stateOf(event: (OracleEvent & { sctp?: number }) | undefined): string | null {
  if (event?.sctp !== undefined) return SCTP_STATE_NAMES[event.sctp] ?? `SCTP ${event.sctp}`
  return event?.tcp ?? null
}
