import { count, counted } from '../netfilter/count-text.ts'
import { CTSTATE_NAMES, CTSTATE_NEW } from '../netfilter/outcome.ts'
import { HOOK_NAMES } from '../ruleset/packet/hooks.ts'
import { VERDICT_NAMES, VERDICT_NONE } from '../ruleset/packet/rule-packet.ts'
import { NOTE_NAMES, NOTE_NONE } from '../wire/packet-fields.ts'
import { reportedProtocol } from './protocol-names.ts'
import { byteSize } from './text.ts'
import { PROTOCOL_ROWS, type TrafficCounters } from './traffic-counters.ts'

/** Verdict by hook; hooks and verdicts without packets are left out, and the sum where it is no other number. */
export function verdictsTable(traffic: TrafficCounters): string[][] {
  const verdicts = VERDICT_NAMES.length
  const packets = (hook: number, verdict: number): number => traffic.verdictPackets[(hook + 1) * verdicts + verdict]
  const sum = (verdict: number, counts: Float64Array): number => {
    let total = 0
    for (let hook = 0; hook <= HOOK_NAMES.length; hook++) total += counts[hook * verdicts + verdict]
    return total
  }
  const judged = VERDICT_NAMES.flatMap((_, verdict) =>
    verdict !== VERDICT_NONE && sum(verdict, traffic.verdictPackets) > 0 ? [verdict] : [],
  )
  const hooks = HOOK_NAMES.flatMap((_, hook) => (judged.some((verdict) => packets(hook, verdict) > 0) ? [hook] : []))
  const elsewhere = judged.some((verdict) => packets(-1, verdict) > 0)
  const columns = elsewhere ? [...hooks, -1] : hooks
  const without = sum(VERDICT_NONE, traffic.verdictPackets)
  const sums = columns.length !== 1 || without > 0
  const head = [
    '',
    ...columns.map((hook) => (hook < 0 ? 'before routing' : HOOK_NAMES[hook])),
    ...(sums ? ['packets'] : []),
    'bytes',
  ]
  const rows = judged.map((verdict) => [
    VERDICT_NAMES[verdict] ?? '',
    ...columns.map((hook) => count(packets(hook, verdict))),
    ...(sums ? [count(sum(verdict, traffic.verdictPackets))] : []),
    byteSize(sum(verdict, traffic.verdictBytes)),
  ])
  if (without > 0) {
    const bytes = byteSize(sum(VERDICT_NONE, traffic.verdictBytes))
    rows.push(['no verdict', ...columns.map(() => ''), count(without), bytes])
  }
  return [head, ...rows]
}

/** Packets by protocol and state, and connections by protocol; states without packets are left out. */
export function statesTable(traffic: TrafficCounters): string[][] {
  const cell = (state: number, protocol: number): number => traffic.states[state * PROTOCOL_ROWS + protocol]
  const all = Array.from({ length: PROTOCOL_ROWS }, (_, protocol) => protocol)
  const states = CTSTATE_NAMES.flatMap((_, state) =>
    state >= CTSTATE_NEW && all.some((protocol) => cell(state, protocol) > 0) ? [state] : [],
  )
  const total = (protocol: number): number => states.reduce((sum, state) => sum + cell(state, protocol), 0)
  const protocols = all.filter((protocol) => total(protocol) > 0).sort((a, b) => total(b) - total(a) || a - b)
  const sum = (value: (protocol: number) => number): string => count(protocols.reduce((s, p) => s + value(p), 0))
  const head = ['', ...states.map((state) => CTSTATE_NAMES[state] ?? ''), 'packets', 'connections']
  const rows = protocols.map((protocol) => [
    protocol === PROTOCOL_ROWS - 1 ? 'no transport' : reportedProtocol(protocol),
    ...states.map((state) => count(cell(state, protocol))),
    count(total(protocol)),
    count(traffic.connections[protocol]),
  ])
  if (rows.length > 1) {
    rows.push([
      'all',
      ...states.map((state) => sum((protocol) => cell(state, protocol))),
      sum(total),
      sum((protocol) => traffic.connections[protocol]),
    ])
  }
  return [head, ...rows]
}

/** Explanations of NOTE_NAMES. */
const NOTE_MEANINGS: Readonly<Record<string, string>> = {
  'not-ip': 'no IP (ARP and the like)',
  'link-type': 'a link layer that is not understood',
  malformed: 'malformed IP header: the kernel refuses it before any rule',
  'ip-checksum': 'bad IP header checksum: the kernel refuses it before any rule (--checksum ignore)',
  cut: 'cut by the snap length inside a header that is needed',
  'fragment-queued': 'fragments waiting for the rest of their datagram, which bears the label',
  'fragment-dropped': 'fragments thrown away: duplicate, overlapping, too long or too late',
  'not-routed': 'refused by routing after PREROUTING (TTL, multicast, martian addresses, source routes)',
  'not-seen':
    'neither from nor to this host: its netfilter does not see them (--mode, --local, with prefix lengths for broadcasts)',
  'loopback-only': 'addresses that are good on a loopback interface only',
  copy: 'the packet of an earlier frame, on another device or on its way out',
}

/** One line for every note that occurs, the most frequent first. */
export function notesText(traffic: TrafficCounters): string[] {
  return [...traffic.notes]
    .map((frames, note) => ({ frames, name: NOTE_NAMES[note], note }))
    .filter(({ frames, note }) => frames > 0 && note !== NOTE_NONE)
    .sort((a, b) => b.frames - a.frames)
    .map(({ frames, name }) => `${counted(frames, 'frame')}: ${name}: ${NOTE_MEANINGS[name ?? ''] ?? ''}`)
}
