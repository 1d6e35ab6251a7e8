import { compileRuleset, type ExplainingHookTable, parseRuleset, RulesetError } from '../../src/ruleset/index.ts'
import type { ConnectionWatcher } from '../../src/ruleset/packet/connection-view.ts'
import { HOOK_FORWARD } from '../../src/ruleset/packet/hooks.ts'
import type { Family, RuleEnvironment } from '../../src/ruleset/packet/rule-environment.ts'
import { RulePacket, STATE_NEW, VERDICT_NAMES } from '../../src/ruleset/packet/rule-packet.ts'
import type { CompiledRuleset } from '../../src/ruleset/ruleset.ts'
import { decodeFrame } from '../../src/wire/frame.ts'
import { PACKET_INTS } from '../../src/wire/packet-fields.ts'

export const ENVIRONMENT: RuleEnvironment = {
  interfaces: ['', 'eth0', 'eth1', 'lo'],
  // 10.0.0.0/8 is of this machine, 255.255.255.255 the broadcast; 203.0.113.0/24 nobody knows.
  addressType: (family, fields, at) => {
    if (family === 'ipv6') return fields[at + 3] === 1 ? 2 : 1
    const word = fields[at] >>> 0
    if (word === 0xffff_ffff) return 3
    if (word >>> 8 === 0xcb0071) return -1
    return word >>> 24 === 10 ? 2 : 1
  },
  // 198.51.100.0/24 and 10.0.0.0/8 are behind eth0.
  interfaceToward: (_, fields, at) => (fields[at] >>> 8 === 0xc63364 || fields[at] >>> 24 === 10 ? 1 : -1),
}

/** Connections in a map, for rules that look at them. */
export class FakeConnections {
  readonly marks = new Map<number, number>()
  bits = 0
  proto = 6
  ports = [1000, 80, 80, 1000]
  addresses = [0x0a00_0001, 0x0a00_0002, 0x0a00_0002, 0x0a00_0001]
  status(): number {
    return this.bits
  }
  mark(connection: number): number {
    return this.marks.get(connection) ?? 0
  }
  setMark(connection: number, mark: number): void {
    this.marks.set(connection, mark)
  }
  remainingNs(): number {
    return this.#remaining
  }
  /** Of all connections. */
  set remaining(ns: number) {
    this.#remaining = ns
    for (const watcher of this.#watchers) for (const connection of this.#watched) watcher.moved(connection)
  }
  close(connection: number): void {
    this.#closed.add(connection)
    for (const watcher of this.#watchers) watcher.moved(connection)
  }
  watch(connection: number): void {
    this.#watched.add(connection)
  }
  addWatcher(watcher: ConnectionWatcher): void {
    this.#watchers.add(watcher)
  }
  protocol(): number {
    return this.proto
  }
  address(_connection: number, reply: boolean, destination: boolean): number {
    return this.addresses[2 * Number(reply) + Number(destination)]
  }
  port(_connection: number, reply: boolean, destination: boolean): number {
    return this.ports[2 * Number(reply) + Number(destination)]
  }
  readonly labels = new Set<string>()
  #remaining = 0
  readonly #closed = new Set<number>()
  readonly #watched = new Set<number>()
  readonly #watchers = new Set<ConnectionWatcher>()
  counters = [0, 0, 0, 0]
  announcer: string | null = null
  zone(): number {
    return 0
  }
  find(): number {
    return -1
  }
  isFindable(): boolean {
    return true
  }
  number(connection: number): number {
    return connection + 1
  }
  isClosed(connection: number): boolean {
    return this.#closed.has(connection)
  }
  packets(_connection: number, reply: boolean): number {
    return this.counters[reply ? 2 : 0]
  }
  bytes(_connection: number, reply: boolean): number {
    return this.counters[reply ? 3 : 1]
  }
  hasLabel(connection: number, label: number): boolean {
    return this.labels.has(`${connection} ${label}`)
  }
  setLabel(connection: number, label: number): void {
    this.labels.add(`${connection} ${label}`)
  }
  master(): number {
    return -1
  }
  masterHelper(): string | null {
    return this.announcer
  }
}

export type PacketSettings = Partial<Omit<RulePacket, 'fields' | 'bytes' | 'base'>> & {
  linkType?: number
  captured?: number
}

/** A NEW packet from eth0 to eth1 in FORWARD, unless told otherwise. */
export function packetOf(bytes: Uint8Array, settings: PacketSettings = {}): RulePacket {
  const { linkType = 101, captured = bytes.length, ...rest } = settings
  const packet = new RulePacket(new FakeConnections())
  packet.bytes = bytes
  packet.fields = new Int32Array(PACKET_INTS)
  decodeFrame(bytes, 0, captured, bytes.length, linkType, packet.fields, 0)
  return Object.assign(packet, { hook: HOOK_FORWARD, inInterface: 1, outInterface: 2, state: STATE_NEW }, rest)
}

/** Rules of FORWARD in the table filter, and what else is asked for, with the policy DROP. */
export function filter(...lines: string[]): string {
  return ['*filter', ':FORWARD DROP [0:0]', ...lines, 'COMMIT', ''].join('\n')
}

export function compile(text: string, family: Family = 'ipv4', assume: Record<string, boolean> = {}): CompiledRuleset {
  return compileRuleset(parseRuleset(text, 'rules', family), ENVIRONMENT, { assume: new Map(Object.entries(assume)) })
}

/** Verdict and record of the rule that decided, in the one table of the packet's hook. */
export function decide(rules: CompiledRuleset, packet: RulePacket): string {
  const [table] = rules.tablesAt(packet.hook)
  const verdict = table.run(packet)
  return `${VERDICT_NAMES[verdict]} ${rules.rules[packet.decidedBy].record}`
}

/** Whether one rule's matches hold: `yes`, `no` or `unknown`. */
export function matches(rule: string, packet: RulePacket, family: Family = 'ipv4'): string {
  const verdict = decide(compile(filter(`-A FORWARD ${rule} -j ACCEPT`), family), packet).split(' ')[0]
  return { ACCEPT: 'yes', DROP: 'no', UNKNOWN: 'unknown' }[verdict] ?? verdict
}

/** The messages of everything wrong with a ruleset. */
export function errorsOf(text: string, family: Family = 'ipv4'): string[] {
  try {
    parseRuleset(text, 'rules', family)
  } catch (error) {
    if (error instanceof RulesetError) return error.message.split('\n')
    throw error
  }
  return []
}

export type { ExplainingHookTable }
