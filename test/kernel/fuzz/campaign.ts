import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pcap } from '../../support/pcap.ts'
import { answerText } from '../answer.ts'
import { compare } from '../compare.ts'
import type { AvailableOracle } from '../kernel-oracle.ts'
import { canonicalAddress, compareTables, rowText, type TableDifference, tableOfKernel } from '../table.ts'
import { type Case, type Generator, hostsOf, LOCAL_V4, LOCAL_V6, randomFrom, type Setup } from './case.ts'
import { observationOfKernel } from './kernel-side.ts'
import type { Observation } from './observation.ts'
import { observationsOfCtreplay } from './our-side.ts'

interface CampaignOptions {
  oracle: AvailableOracle
  generator: Generator
  seed: number
  packets: number
  /** Stop at the first capture that differs, after making its first differing case small. */
  stopAtDifference: boolean
}

interface CampaignResult {
  generator: string
  seed: number
  captures: number
  cases: number
  /** Packets that both sides were asked about. */
  packets: number
  differingCases: number
  /** The first differing case of each differing capture, as small as it gets, told packet by packet. */
  stories: string[]
}

/** Where two sides part: index of the packet within its case, and what differs. */
interface Difference {
  packet: number
  what: string
}

interface CaptureResult {
  packets: number
  /** By case; null where both sides agree. */
  differences: (Difference | null)[]
  /** What both sides said to a case. */
  sidesOf(index: number): BothSides
}

/** Seconds of capture time that fit after the start of a capture, whose clock has 32 bits. */
const CLOCK_LIMIT = 2_000_000_000
/** Seconds between packets where all happens in an instant. */
const INSTANT = 0.00001
/** Smaller cases tried at once when a difference is made small. */
const SHRINK_BATCH = 64
const SHRINK_ROUNDS = 60

/** Index of the first case's hosts, and how far the next one's is: what is made small keeps who is the machine, and who is lower. */
interface Place {
  readonly first: number
  readonly step: number
}

/** What the kernel is through with before the shortest timeout, SCTP's 3 s, is over. */
const PACKETS_AT_ONCE = 500

const FIRST_PLACE: Place = { first: 0, step: 1 }
const PLACE_MASK = 3

function placeOf(index: number, { first, step }: Place): number {
  return first + index * step
}

/** Draws cases, replays them through both sides, some thousand packets at a time, and makes what differs small. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { oracle, generator, seed, packets } = options
  const random = randomFrom(seed)
  const result: CampaignResult = {
    generator: generator.name,
    seed,
    captures: 0,
    cases: 0,
    packets: 0,
    differingCases: 0,
    stories: [],
  }
  while (result.packets < packets) {
    const setup = generator.setup(result.captures, random)
    const most = setup.instant === true ? PACKETS_AT_ONCE : generator.packetsPerCapture
    const wanted = Math.min(most, packets - result.packets)
    const cases: Case[] = []
    for (let drawn = 0, clock = 0; drawn < wanted && clock < CLOCK_LIMIT; ) {
      const one = generator.draw(random)
      const timed = one.packets(hostsOf(cases.length, setup.mode))
      drawn += timed.length
      for (const { gap } of timed) clock += gap
      cases.push(one)
    }
    const found = await runCapture(oracle, setup, cases)
    result.captures++
    result.cases += cases.length
    result.packets += found.packets
    const differing = found.differences.flatMap((difference, index) => (difference === null ? [] : [index]))
    result.differingCases += differing.length
    if (differing.length > 0) {
      const [first] = differing
      const place = { first: first & PLACE_MASK, step: PLACE_MASK + 1 }
      const small = await shrink(oracle, setup, cases[first], place)
      const alone = await observeBoth(oracle, setup, [small], place)
      const stillDiffers =
        alone.tables.length > 0 || alone.kernel.some((kernel, i) => whatDiffers(kernel, alone.ours[i]) !== null)
      result.stories.push(
        stillDiffers
          ? storyOf(generator, setup, small, alone, place.first)
          : `differs only after the cases before it: ${storyOf(generator, setup, cases[first], found.sidesOf(first), first)}`,
      )
      if (options.stopAtDifference) break
    }
  }
  return result
}

/** Replays cases one after the other in one capture. */
async function runCapture(
  oracle: AvailableOracle,
  setup: Setup,
  cases: readonly Case[],
  place = FIRST_PLACE,
): Promise<CaptureResult> {
  const { lengths, kernel, ours, texts, tables } = await observeBoth(oracle, setup, cases, place)
  const rows = rowsByCase(setup, cases.length, tables, place)
  const sidesOf = (index: number): BothSides => {
    const from = lengths.slice(0, index).reduce((sum, length) => sum + length, 0)
    const slice = <T>(all: T[]) => all.slice(from, from + lengths[index])
    return {
      lengths: [lengths[index]],
      kernel: slice(kernel),
      ours: slice(ours),
      texts: slice(texts),
      tables: rows[index],
    }
  }
  const result: CaptureResult = { packets: kernel.length, differences: [], sidesOf }
  let first = 0
  for (const length of lengths) {
    let difference: Difference | null = null
    let isTableKnown = true
    for (let packet = 0; packet < length && difference === null; packet++) {
      const k = kernel[first + packet]
      const o = ours[first + packet]
      // What the oracle does not see renews entries behind its back.
      if (isUnseen(k, o) && o.answer.fate === 'labelled') isTableKnown = false
      const what = whatDiffers(k, o)
      if (what !== null) difference = { packet, what }
    }
    const [row] = rows[result.differences.length]
    if (difference === null && isTableKnown && row !== undefined)
      difference = { packet: length - 1, what: `the table: ${row.what}` }
    result.differences.push(difference)
    first += length
  }
  return result
}

/** The rows of each case, by the addresses that no other has. */
function rowsByCase(setup: Setup, cases: number, rows: readonly TableDifference[], place: Place): TableDifference[][] {
  const result: TableDifference[][] = Array.from({ length: cases }, () => [])
  if (rows.length === 0) return result
  const owner = new Map<string, number>()
  for (let index = 0; index < cases; index++) {
    const { v4, v6 } = hostsOf(placeOf(index, place), setup.mode)
    for (const { client, server, third } of [v4, v6])
      for (const address of [client, server, third]) owner.set(canonicalAddress(address), index)
  }
  for (const address of [LOCAL_V4, LOCAL_V6]) owner.delete(address)
  for (const difference of rows) {
    const tuple = (difference.kernel ?? difference.ours)?.tuples?.original
    const index = owner.get(tuple?.source ?? '') ?? owner.get(tuple?.destination ?? '') ?? 0
    result[index].push(difference)
  }
  return result
}

interface BothSides {
  /** Packets of each case. */
  lengths: number[]
  kernel: Observation[]
  ours: Observation[]
  texts: string[]
  /** What is left in the tables, where it differs. */
  tables: TableDifference[]
}

async function observeBoth(
  oracle: AvailableOracle,
  setup: Setup,
  cases: readonly Case[],
  place: Place,
): Promise<BothSides> {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-fuzz-'))
  try {
    const capture = join(folder, 'fuzz.pcap')
    let time = 0
    const lengths: number[] = []
    const frames = cases.flatMap((one, index) => {
      const timed = one.packets(hostsOf(placeOf(index, place), setup.mode))
      lengths.push(timed.length)
      return timed.map(({ bytes, gap }) => {
        time = Math.round((time + (setup.instant === true ? INSTANT : gap)) * 1e6) / 1e6
        return { bytes, time }
      })
    })
    writeFileSync(capture, pcap(frames))
    const options = [...oracleOptions(setup), ...ruleOptions(setup, folder)]
    const [{ lines, table }, { observations, texts, table: ownTable }] = await Promise.all([
      oracle.runWithTable(capture, options),
      observationsOfCtreplay(capture, setup),
    ])
    // An instant takes the kernel a moment.
    const tolerance = setup.instant === true ? Number.POSITIVE_INFINITY : undefined
    const { differences } = compareTables(tableOfKernel(table), ownTable, new Set(), tolerance)
    const kernel = lines.map(observationOfKernel)
    if (setup.instant === true) for (const observation of kernel) observation.timeout = null
    return { lengths, kernel, ours: observations, texts, tables: differences }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function oracleOptions(setup: Setup): string[] {
  const options = setup.instant === true ? ['--events'] : ['--virtual-time', '--events']
  for (const [key, value] of Object.entries(setup.sysctls ?? {})) options.push('--sysctl', `${key}=${value}`)
  if (setup.mode !== undefined && setup.mode !== 'router') {
    options.push('--mode', 'host', '--local', `${LOCAL_V4},${LOCAL_V6}`)
  }
  return options
}

function ruleOptions(setup: Setup, folder: string): string[] {
  if (setup.rules === undefined) return []
  const [rules, rules6] = [join(folder, 'rules.v4'), join(folder, 'rules.v6')]
  writeFileSync(rules, setup.rules)
  writeFileSync(rules6, setup.rules6 ?? setup.rules)
  return ['--rules', rules, '--rules6', rules6]
}

/**
 * Nothing of the packet was seen in the kernel, which the oracle reads as dropped by the IP layer, or as taken by a fragment queue, by what
 * the packet looks like. It cannot tell the two apart where a fragment header stands alone or the IP layer drops a fragment;
 * and what nf_tables cannot trace it does not see at all: a header chain that ends beyond the datagram. The entries that such
 * packets make, or keep from being made, show in the packets after them.
 */
function isUnseen(kernel: Observation, ours: Observation): boolean {
  const { fate } = kernel.answer
  if (fate !== 'no packet' && fate !== 'fragment') return false
  return ours.answer.fate === 'no packet' || ours.answer.fate === 'fragment' || ours.chainOverreaches
}

function whatDiffers(kernel: Observation, ours: Observation): string | null {
  if (isUnseen(kernel, ours)) return null
  const { differences } = compare([kernel.answer], [ours.answer])
  // An INVALID packet to itself is judged again when it comes back over the loopback device, now also by its checksum.
  const isJudgedTwice = ours.toItself && ours.answer.label === 'INVALID'
  if (differences.length > 0 && !(isJudgedTwice && differences[0].field === 'reason')) return differences[0].field
  if (kernel.seenReply !== null && kernel.seenReply !== ours.seenReply) return 'SEEN_REPLY'
  if (kernel.assured !== null && kernel.assured !== ours.assured) return 'ASSURED'
  if (kernel.state !== null && kernel.state !== ours.state) return 'state'
  if (kernel.bound !== null && kernel.bound !== ours.bound && !isJudgedTwice) return 'bound'
  if (kernel.timeout !== null && ours.timeout !== null && Math.abs(kernel.timeout - ours.timeout) > 1.001) {
    return 'timeout'
  }
  return null
}

/** Makes a differing case smaller for as long as one of its smaller ones still differs; many are tried in one capture. */
async function shrink(oracle: AvailableOracle, setup: Setup, differing: Case, place: Place): Promise<Case> {
  let smallest = differing
  for (let round = 0; round < SHRINK_ROUNDS; round++) {
    const next = await firstDiffering(oracle, setup, smallest.smaller(), place)
    if (next === null) break
    smallest = next
  }
  return smallest
}

async function firstDiffering(
  oracle: AvailableOracle,
  setup: Setup,
  candidates: Iterable<Case>,
  place: Place,
): Promise<Case | null> {
  const iterator = candidates[Symbol.iterator]()
  for (;;) {
    const batch: Case[] = []
    while (batch.length < SHRINK_BATCH) {
      const { value, done } = iterator.next()
      if (done === true) break
      batch.push(value)
    }
    if (batch.length === 0) return null
    const { differences } = await runCapture(oracle, setup, batch, place)
    const found = differences.findIndex((difference) => difference !== null)
    if (found >= 0) return batch[found]
  }
}

/** The whole case, packet by packet, with what both sides say. */
function storyOf(
  generator: Generator,
  setup: Setup,
  one: Case,
  { kernel, ours, texts, tables }: BothSides,
  index: number,
): string {
  const timed = one.packets(hostsOf(index, setup.mode))
  const lines = [`${generator.name}: ${JSON.stringify(setup)}`]
  for (let i = 0; i < timed.length; i++) {
    const what = whatDiffers(kernel[i], ours[i])
    const hex = Buffer.from(timed[i].bytes).toString('hex')
    lines.push(`${what === null ? '  ' : '>>'} +${timed[i].gap} s  ${texts[i]}  ${hex}`)
    if (what === null) lines.push(`       both   ${sideText(kernel[i])}`)
    else {
      lines.push(`       kernel ${sideText(kernel[i])}   differs in ${what}`)
      lines.push(`       ours   ${sideText(ours[i])}`)
    }
  }
  for (const row of tables) {
    lines.push(`>> the tables differ at the end: ${row.what}`)
    lines.push(`       kernel ${rowText(row.kernel)}`, `       ours   ${rowText(row.ours)}`)
  }
  return lines.join('\n')
}

function sideText(one: Observation): string {
  const parts = [answerText(one.answer)]
  if (one.seenReply === true) parts.push('SEEN_REPLY')
  if (one.assured === true) parts.push('ASSURED')
  if (one.state !== null) parts.push(one.state)
  if (one.timeout !== null) parts.push(`${one.timeout} s left`)
  if (one.bound !== null) parts.push(`bound ${one.bound}`)
  return parts.join('  ')
}
