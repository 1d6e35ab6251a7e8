import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { FrameBatch } from '../../src/capture/frame-batch.ts'
import { openCapture } from '../../src/capture/open-capture.ts'
import { ConnectionReader } from '../../src/conntrack/connection-reader.ts'
import { sysctlsWith } from '../../src/conntrack/sysctls.ts'
import { Tracker } from '../../src/conntrack/tracker.ts'
import { compileRuleset, parseRuleset, parseSets, RulesetError } from '../../src/ruleset/index.ts'
import { HOOK_FORWARD } from '../../src/ruleset/packet/hooks.ts'
import { RulePacket, STATE_ESTABLISHED, STATE_NEW } from '../../src/ruleset/packet/rule-packet.ts'
import { IP_V4, P_FAMILY, PACKET_INTS } from '../../src/wire/packet-fields.ts'
import { decodeFrameOf } from '../support/decode-frame-of.ts'
import type { RuleFamily } from './varied-rules.ts'
import { median } from './whole-process.ts'

/** Packets of the capture that rules are asked about, and how often all of them, for one measurement. */
const SAMPLE = 20_000
const PASSES = 5

export interface RuleText {
  readonly name: string
  readonly family: RuleFamily
  readonly text: string
  /** `ipset save` */
  readonly sets?: string
}

interface RuleTimes {
  readonly name: string
  /** Milliseconds of this process' user time. */
  readonly parse: number
  readonly compile: number
  /** Nanoseconds a packet: of connections just opened, of known ones, and with interfaces not known. */
  readonly opening: number
  readonly known: number
  readonly unknown: number
}

/** How long it takes to load rules, and to ask them about the packets of a capture. */
export async function measureRules(capture: string, rules: readonly RuleText[], repeats: number): Promise<RuleTimes[]> {
  const packets = { ipv4: await decoded(capture, 'ipv4'), ipv6: await decoded(capture, 'ipv6') }
  return rules.map((one) => {
    const rounds = Array.from({ length: repeats + 1 }, () => measureOnce(one, packets[one.family])).slice(1)
    const middle = (what: (times: RuleTimes) => number): number => median(rounds.map(what))
    return {
      name: one.name,
      parse: middle(({ parse }) => parse),
      compile: middle(({ compile }) => compile),
      opening: middle(({ opening }) => opening),
      known: middle(({ known }) => known),
      unknown: middle(({ unknown }) => unknown),
    }
  })
}

interface Sample {
  readonly bytes: Uint8Array
  readonly fields: Int32Array
  readonly count: number
}

function measureOnce({ name, family, text, sets }: RuleText, sample: Sample): RuleTimes {
  const environment = { interfaces: ['', 'lo', 'eth0', 'eth1'], addressType: () => 1, interfaceToward: () => -1 }
  const start = userMs()
  const parsed = parseRuleset(text, name, family)
  const between = userMs()
  const definitions = parseSets(sets ?? '', name)
  const beforeCompile = userMs()
  const compiled = compileRuleset(parsed, environment, { sets: definitions })
  const end = userMs()
  const [table] = compiled.tablesAt(HOOK_FORWARD)
  const { table: connections } = new Tracker(sysctlsWith(new Map()), 1).current
  const packet = new RulePacket(new ConnectionReader(connections))
  const run = (state: number, inInterface: number, passes: number, step: number): number => {
    packet.hook = HOOK_FORWARD
    packet.state = state
    packet.inInterface = inInterface
    packet.outInterface = 3
    packet.bytes = sample.bytes
    packet.fields = sample.fields
    const begin = userMs()
    for (let pass = 0; pass < passes; pass++) {
      for (let at = 0; at < sample.count; at += step) {
        packet.base = at * PACKET_INTS
        packet.mark = 0
        table.run(packet)
      }
    }
    return ((userMs() - begin) * 1e6) / (passes * Math.ceil(sample.count / step))
  }
  run(STATE_NEW, 2, 1, 1)
  run(STATE_ESTABLISHED, 2, 1, 1)
  return {
    name,
    parse: between - start,
    compile: end - beforeCompile,
    opening: run(STATE_NEW, 2, PASSES, 1),
    known: run(STATE_ESTABLISHED, 2, PASSES, 1),
    unknown: run(STATE_NEW, -1, 1, 5),
  }
}

/** What other processes take from this one does not count. */
function userMs(): number {
  return process.cpuUsage().user / 1000
}

async function decoded(path: string, family: RuleFamily): Promise<Sample> {
  const reader = await openCapture([path])
  const batch = new FrameBatch()
  const fields = new Int32Array(SAMPLE * PACKET_INTS)
  let count = 0
  while (count < SAMPLE && (await reader.read(batch))) {
    for (let index = 0; index < batch.count && count < SAMPLE; index++) {
      const base = count * PACKET_INTS
      decodeFrameOf(batch, index, fields, base)
      if (fields[base + P_FAMILY] === 0) continue
      if ((fields[base + P_FAMILY] === IP_V4) === (family === 'ipv4')) count++
    }
  }
  reader.close()
  return { bytes: new Uint8Array(1 << 20), fields, count }
}

export function rulesetOfFile(path: string): RuleText {
  return { name: basename(path), family: familyOf(path), text: readFileSync(path, 'latin1') }
}

/** Rulesets of a folder, but for those with an error. */
export function readableRulesets(folder: string): string[] {
  const paths = readdirSync(folder)
    .filter((name) => /\.ip6?tables-save$/.test(name))
    .map((name) => join(folder, name))
  return paths.filter((path) => {
    try {
      parseRuleset(readFileSync(path, 'latin1'), path, familyOf(path))
      return true
    } catch (error) {
      if (error instanceof RulesetError) return false
      throw error
    }
  })
}

export function familyOf(path: string): RuleFamily {
  return path.endsWith('ip6tables-save') ? 'ipv6' : 'ipv4'
}
