import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pcap } from '../../support/pcap.ts'
import { answerText } from '../answer.ts'
import { compare } from '../compare.ts'
import type { AvailableOracle } from '../kernel-oracle.ts'
import { type Case, type Generator, hostsOf, randomFrom, type Setup } from './case.ts'
import { observationOfKernel } from './kernel-side.ts'
import type { Observation } from './observation.ts'
import { observationsOfCtreplay } from './our-side.ts'

export interface CampaignOptions {
  oracle: AvailableOracle
  generator: Generator
  seed: number
  packets: number
  /** Stop at the first capture that differs, after making its first differing case small. */
  stopAtDifference: boolean
}

export interface CampaignResult {
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
}

/** Seconds of capture time that fit behind the start of a capture, whose clock has 32 bits. */
const CLOCK_LIMIT = 2_000_000_000
/** Smaller cases tried at once when a difference is made small. */
const SHRINK_BATCH = 64
const SHRINK_ROUNDS = 60

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
    const wanted = Math.min(generator.packetsPerCapture, packets - result.packets)
    const cases: Case[] = []
    for (let drawn = 0, clock = 0; drawn < wanted && clock < CLOCK_LIMIT; ) {
      const one = generator.draw(random)
      const timed = one.packets(hostsOf(cases.length))
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
      const small = await shrink(oracle, setup, cases[differing[0]])
      result.stories.push(await storyOf(oracle, generator, setup, small))
      if (options.stopAtDifference) break
    }
  }
  return result
}

/** Replays cases one after the other in one capture. */
async function runCapture(oracle: AvailableOracle, setup: Setup, cases: readonly Case[]): Promise<CaptureResult> {
  const { lengths, kernel, ours } = await observeBoth(oracle, setup, cases)
  const result: CaptureResult = { packets: kernel.length, differences: [] }
  let first = 0
  for (const length of lengths) {
    let difference: Difference | null = null
    for (let packet = 0; packet < length && difference === null; packet++) {
      const k = kernel[first + packet]
      const o = ours[first + packet]
      const what = whatDiffers(k, o)
      if (what !== null) difference = { packet, what }
    }
    result.differences.push(difference)
    first += length
  }
  return result
}

interface BothSides {
  /** Packets of each case. */
  lengths: number[]
  kernel: Observation[]
  ours: Observation[]
  texts: string[]
}

async function observeBoth(
  oracle: AvailableOracle,
  setup: Setup,
  cases: readonly Case[],
  withTexts = false,
): Promise<BothSides> {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-fuzz-'))
  try {
    const capture = join(folder, 'fuzz.pcap')
    let time = 0
    const lengths: number[] = []
    const frames = cases.flatMap((one, index) => {
      const timed = one.packets(hostsOf(index))
      lengths.push(timed.length)
      return timed.map(({ bytes, gap }) => {
        time = Math.round((time + gap) * 1e6) / 1e6
        return { bytes, time }
      })
    })
    writeFileSync(capture, pcap(frames))
    const options = ['--virtual-time', '--events']
    for (const [key, value] of Object.entries(setup.sysctls ?? {})) options.push('--sysctl', `${key}=${value}`)
    if (setup.rules !== undefined) {
      const rules = join(folder, 'rules')
      writeFileSync(rules, setup.rules)
      options.push('--rules', rules, '--rules6', rules)
    }
    const [lines, { observations, texts }] = await Promise.all([
      oracle.run(capture, options),
      observationsOfCtreplay(capture, setup, withTexts),
    ])
    return { lengths, kernel: lines.map(observationOfKernel), ours: observations, texts }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * Nothing of the packet was seen in the kernel, which the oracle reads as dropped by the IP layer, or as taken by a fragment queue, by what
 * the packet looks like. It cannot tell the two apart where a fragment header stands alone or the IP layer drops a fragment;
 * and what nf_tables cannot trace it does not see at all: a header chain that ends beyond the datagram. The entries that such
 * packets make, or keep from being made, show in the packets behind them.
 */
function isUnseen(kernel: Observation, ours: Observation): boolean {
  const { fate } = kernel.answer
  if (fate !== 'no packet' && fate !== 'fragment') return false
  return ours.answer.fate === 'no packet' || ours.answer.fate === 'fragment' || ours.chainOverreaches
}

function whatDiffers(kernel: Observation, ours: Observation): string | null {
  if (isUnseen(kernel, ours)) return null
  const { differences } = compare([kernel.answer], [ours.answer])
  if (differences.length > 0) return differences[0].field
  if (kernel.seenReply !== null && kernel.seenReply !== ours.seenReply) return 'SEEN_REPLY'
  if (kernel.assured !== null && kernel.assured !== ours.assured) return 'ASSURED'
  if (kernel.state !== null && kernel.state !== ours.state) return 'state'
  if (kernel.bound !== null && kernel.bound !== ours.bound) return 'bound'
  if (kernel.timeout !== null && ours.timeout !== null && Math.abs(kernel.timeout - ours.timeout) > 1.001) {
    return 'timeout'
  }
  return null
}

/** Makes a differing case smaller for as long as one of its smaller ones still differs; many are tried in one capture. */
async function shrink(oracle: AvailableOracle, setup: Setup, differing: Case): Promise<Case> {
  let smallest = differing
  for (let round = 0; round < SHRINK_ROUNDS; round++) {
    const next = await firstDiffering(oracle, setup, smallest.smaller())
    if (next === null) break
    smallest = next
  }
  return smallest
}

async function firstDiffering(oracle: AvailableOracle, setup: Setup, candidates: Iterable<Case>): Promise<Case | null> {
  const iterator = candidates[Symbol.iterator]()
  for (;;) {
    const batch: Case[] = []
    while (batch.length < SHRINK_BATCH) {
      const { value, done } = iterator.next()
      if (done === true) break
      batch.push(value)
    }
    if (batch.length === 0) return null
    const { differences } = await runCapture(oracle, setup, batch)
    const found = differences.findIndex((difference) => difference !== null)
    if (found >= 0) return batch[found]
  }
}

/** The whole case, packet by packet, with what both sides say. */
async function storyOf(oracle: AvailableOracle, generator: Generator, setup: Setup, one: Case): Promise<string> {
  const { kernel, ours, texts } = await observeBoth(oracle, setup, [one], true)
  const timed = one.packets(hostsOf(0))
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
