import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileRuleset, type Fingerprint, parseRuleset, type RuleStep } from '../../src/ruleset/index.ts'
import type { ConnectionView } from '../../src/ruleset/packet/connection-view.ts'
import { HOOK_FORWARD, HOOK_PREROUTING } from '../../src/ruleset/packet/hooks.ts'
import type { Family, RuleEnvironment } from '../../src/ruleset/packet/rule-environment.ts'
import { RulePacket } from '../../src/ruleset/packet/rule-packet.ts'
import { type KernelOracle, kernelOracle } from '../kernel/kernel-oracle.ts'
import { pcap } from '../support/pcap.ts'
import { decodeToFields } from '../support/row.ts'

const NO_CONNECTIONS: ConnectionView = {
  status: () => 0,
  mark: () => 0,
  setMark: () => {},
  remainingNs: () => 0,
  protocol: () => 0,
  address: () => 0,
  port: () => 0,
} as unknown as ConnectionView

const ENVIRONMENT: RuleEnvironment = {
  interfaces: ['', 'tin', 'tout'],
  addressType: () => -1,
  interfaceToward: () => -1,
}

/** Rules of the chains PREROUTING and FORWARD that a packet matched, as `filter:FORWARD:3`; `?` after an undecided one. */
type Matched = readonly string[]

export const oracle: KernelOracle = kernelOracle()

interface Ways {
  /** Bytes of each packet that the capture holds; all where absent. */
  readonly captured?: number
  /** What -m osf looks packets up in. */
  readonly fingerprints?: readonly Fingerprint[]
}

/** By our own rules: PREROUTING and FORWARD of a router. Compiled and interpreted rules must agree. */
export function matchedByUs(family: Family, rules: string, packets: readonly Uint8Array[], ways: Ways = {}): Matched[] {
  const parsed = parseRuleset(rules, 'rules', family)
  const compiled = compileRuleset(parsed, ENVIRONMENT, ways)
  const explained = compileRuleset(parsed, ENVIRONMENT, ways)
  const infos = compiled.rules
  return packets.map((bytes) => {
    const matched: string[] = []
    const before = infos.map(({ id }) => compiled.packets(id))
    walk(compiled.tablesAt, bytes, ways, (table, packet) => table.run(packet))
    walk(explained.tablesAt, bytes, ways, (table, packet) => {
      const steps: RuleStep[] = []
      const verdict = table.explain(packet, steps)
      for (const { rule, matched: answer } of steps) {
        const name = `${rule.table}:${rule.chain}:${rule.number}`
        if (answer === 'unknown') matched.push(`${name}?`)
        else if (answer === 'yes') matched.push(name)
      }
      return verdict
    })
    const counted = infos
      .filter(({ id, record }) => compiled.packets(id) > before[id] && !record.includes('policy'))
      .map((rule) => `${rule.table}:${rule.chain}:${rule.number}`)
    const certain = matched.filter((name) => !name.endsWith('?'))
    if (
      !matched.some((name) => name.endsWith('?')) &&
      counted.toString() !== certain.toSorted(inOrder(infos)).toString()
    ) {
      throw new Error(`compiled rules matched ${counted}, interpreted ${certain}`)
    }
    return matched
  })
}

function inOrder(infos: readonly { table: string; chain: string; number: number }[]) {
  const names = infos.map((rule) => `${rule.table}:${rule.chain}:${rule.number}`)
  return (one: string, other: string): number => names.indexOf(one) - names.indexOf(other)
}

type Tables = ReturnType<typeof compileRuleset>['tablesAt']

function walk(
  tablesAt: Tables,
  bytes: Uint8Array,
  { captured }: Ways,
  run: (table: ReturnType<Tables>[number], packet: RulePacket) => number,
): void {
  const packet = new RulePacket(NO_CONNECTIONS)
  const held = bytes.slice(0, captured ?? bytes.length)
  packet.bytes = held
  packet.fields = decodeToFields(held, { wireLength: bytes.length })
  const row = packet.fields.slice()
  packet.inInterface = 1
  packet.edits.begin()
  for (const hook of [HOOK_PREROUTING, HOOK_FORWARD]) {
    packet.hook = hook
    packet.outInterface = hook === HOOK_FORWARD ? 2 : 0
    if (!tablesAt(hook).every((table) => run(table, packet) === 1)) break
  }
  packet.edits.undo(packet)
  if (row.toString() !== packet.fields.toString() || packet.bytes !== held) throw new Error('the row was left changed')
  if (Buffer.compare(held, bytes.subarray(0, held.length)) !== 0) throw new Error("the capture's bytes were changed")
}

/** By the running kernel. */
async function matchedByKernel(family: Family, rules: string, packets: readonly Uint8Array[]): Promise<Matched[]> {
  if (!oracle.available) throw new Error(oracle.why)
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-matched-'))
  try {
    const capture = join(folder, 'packets.pcap')
    const file = join(folder, 'rules')
    writeFileSync(capture, pcap(packets))
    writeFileSync(file, rules)
    const lines = await oracle.run(capture, [
      family === 'ipv4' ? '--rules' : '--rules6',
      file,
      '--in-iface',
      'tin',
      '--out-iface',
      'tout',
    ])
    return lines.map(({ trace }) =>
      (trace ?? []).flatMap((record) => {
        const [table, chain, kind, number] = record.split(':')
        const isOurs = (chain === 'PREROUTING' || chain === 'FORWARD') && kind !== 'policy'
        return isOurs ? [`${table}:${chain}:${number}`] : []
      }),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Packets that the kernel and we do not agree on, in words. */
export async function differences(
  family: Family,
  rules: string,
  packets: readonly Uint8Array[],
  ways: Ways = {},
): Promise<string[]> {
  const ours = matchedByUs(family, rules, packets, ways)
  const theirs = await matchedByKernel(family, rules, packets)
  if (theirs.length !== packets.length) throw new Error(`${packets.length} packets, but ${theirs.length} answers`)
  return packets.flatMap((packet, index) => {
    if (ours[index].join() === theirs[index].join()) return []
    const ourOwn = ours[index].filter((name) => !theirs[index].includes(name)).join(' ')
    const theirOwn = theirs[index].filter((name) => !ours[index].includes(name)).join(' ')
    return [`${index}: only ours [${ourOwn}], only the kernel's [${theirOwn}]: ${Buffer.from(packet).toString('hex')}`]
  })
}

/** A file with one chain of one table. */
export function chainOf(table: string, chain: string, rules: readonly string[]): string {
  return `*${table}\n${rules.map((rule) => `-A ${chain} ${rule}\n`).join('')}COMMIT\n`
}
