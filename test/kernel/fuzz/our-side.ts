import { openCapture } from '../../../src/capture/open-capture.ts'
import {
  E_EXPIRY,
  E_KIND,
  E_SCTP_STATE,
  E_STATUS,
  E_TCP_STATE,
  ENTRY_INTS,
  KIND_PROTOCOL_MASK,
} from '../../../src/conntrack/entry.ts'
import { SCTP_STATE_NAMES } from '../../../src/conntrack/protocols/sctp-states.ts'
import { TCP_STATE_NAMES } from '../../../src/conntrack/protocols/tcp-states.ts'
import * as reasons from '../../../src/conntrack/reasons.ts'
import { IPS_ASSURED, IPS_SEEN_REPLY } from '../../../src/conntrack/status.ts'
import { sysctlsWith } from '../../../src/conntrack/sysctls.ts'
import { ChecksumPolicy } from '../../../src/netfilter/checksum-policy.ts'
import { Machine } from '../../../src/netfilter/machine.ts'
import { Outcome } from '../../../src/netfilter/outcome.ts'
import { Topology } from '../../../src/netfilter/topology.ts'
import { decodeBatch } from '../../../src/pipeline/decode-batch.ts'
import { PacketBatch } from '../../../src/pipeline/packet-batch.ts'
import { compileRuleset, parseRuleset, RuleMemory } from '../../../src/ruleset/index.ts'
import {
  P_DST,
  P_FAMILY,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_PROTOCOL,
  P_SRC,
} from '../../../src/wire/packet-fields.ts'
import { PROTO_SCTP, PROTO_TCP, PROTO_UDP } from '../../../src/wire/protocols.ts'
import { answerOfOutcome } from '../ctreplay.ts'
import { packetText } from '../packet-text.ts'
import { type TableRow, tableOfCtreplay } from '../table.ts'
import { LOCAL_V4, LOCAL_V6, LOOPBACK_V4, type Setup } from './case.ts'
import type { Observation } from './observation.ts'

/** Replays a capture and looks into the connection table after every frame. */
export async function observationsOfCtreplay(
  capture: string,
  setup: Setup,
): Promise<{ observations: Observation[]; texts: string[]; table: TableRow[] }> {
  const isHost = setup.mode !== undefined && setup.mode !== 'router'
  const topology = new Topology({
    mode: isHost ? 'host' : 'router',
    local: isHost ? [LOCAL_V4, LOCAL_V6, LOOPBACK_V4] : [],
    interfaces: [],
    inInterface: isHost ? 'eth0' : 'tin',
    outInterface: isHost ? 'eth0' : 'tout',
  })
  const memory = new RuleMemory()
  const rules = (family: 'ipv4' | 'ipv6') => {
    const text = family === 'ipv6' ? (setup.rules6 ?? setup.rules) : setup.rules
    return text === undefined
      ? null
      : compileRuleset(parseRuleset(text, 'rules', family), topology, { assume: new Map(), memory })
  }
  const machine = new Machine({
    topology,
    sysctls: sysctlsWith(new Map(Object.entries(setup.sysctls ?? {}))),
    checksums: new ChecksumPolicy('verify'),
    ruleset4: rules('ipv4'),
    ruleset6: rules('ipv6'),
  })
  const observations: Observation[] = []
  const texts: string[] = []
  const outcome = new Outcome()
  let start = Number.NaN
  const batch = new PacketBatch()
  const reader = await openCapture([capture])
  while (await reader.read(batch)) {
    decodeBatch(batch)
    for (let i = 0; i < batch.count; i++) {
      machine.process(batch, i, outcome)
      if (Number.isNaN(start)) start = outcome.epochSeconds
      observations.push(observe(machine, outcome, topology, (outcome.epochSeconds - start) * 1e9 + outcome.nanoseconds))
      texts.push(packetText(outcome.fields, outcome.base).text)
    }
  }
  reader.close()
  return { observations, texts, table: tableOfCtreplay(machine.tracker.current, machine.nowNs) }
}

const REASONS_WITH_BOUND: readonly number[] = [
  reasons.REASON_TCP_SEQ_OVER,
  reasons.REASON_TCP_ACK_OVER,
  reasons.REASON_TCP_SEQ_UNDER,
  reasons.REASON_TCP_ACK_UNDER,
]

function observe(machine: Machine, outcome: Outcome, { local }: Topology, nowNs: number): Observation {
  const { id: connection, table } = machine.tracker.current
  const { fields, base } = outcome
  const family = fields[base + P_FAMILY]
  const e = connection * ENTRY_INTS
  const tracked = connection >= 0 && outcome.direction >= 0
  const protocol = tracked ? table.entries[e + E_KIND] & KIND_PROTOCOL_MASK : -1
  const status = tracked ? table.entries[e + E_STATUS] : 0
  return {
    answer: answerOfOutcome(outcome),
    seenReply: tracked ? (status & IPS_SEEN_REPLY) !== 0 : null,
    assured: tracked ? (status & IPS_ASSURED) !== 0 : null,
    state:
      protocol === PROTO_TCP
        ? TCP_STATE_NAMES[table.entries[e + E_TCP_STATE] & 15]
        : protocol === PROTO_SCTP
          ? SCTP_STATE_NAMES[table.entries[e + E_SCTP_STATE]]
          : null,
    // Of UDP the kernel's event tells a timeout by real time.
    timeout: tracked && protocol !== PROTO_UDP ? (table.times[(e + E_EXPIRY) >> 1] - nowNs) / 1e9 : null,
    chainOverreaches:
      fields[base + P_PROTOCOL] < 0 ||
      fields[base + P_L4_OFFSET] > fields[base + P_L3_OFFSET] + fields[base + P_L3_LENGTH],
    toItself: !local.isEmpty && local.has(family, fields, base + P_SRC) && local.has(family, fields, base + P_DST),
    bound: REASONS_WITH_BOUND.includes(outcome.reason)
      ? outcome.reasonB >>> 0
      : outcome.reason === reasons.REASON_TCP_OVERSHOT
        ? outcome.reasonA >>> 0
        : null,
  }
}
