import { answerText } from './answer.ts'
import type { Difference } from './compare.ts'
import { type CounterDifference, counterText } from './counters.ts'
import type { PairResult } from './pair.ts'
import { rowText, type TableDifference } from './table.ts'

const BEFORE = 12
const AFTER = 3

const COUNTERS = 12

/** The first difference of a pair, frames before tables before counters; empty when there is none. */
export function firstStory(result: PairResult): string {
  const [frame] = result.comparison.differences
  if (frame !== undefined) return storyOf(result, frame)
  const [row] = result.tables.differences
  return row === undefined ? countersStoryOf(result.counters.differences) : tableStoryOf(result, row)
}

/** Rules and policies that counted differently, the first few; empty when there are none. */
export function countersStoryOf(differences: readonly CounterDifference[]): string {
  const more = differences.length > COUNTERS ? [`… and ${differences.length - COUNTERS} more`] : []
  return [...differences.slice(0, COUNTERS).map(counterText), ...more].join('\n')
}

/** A row that the two tables do not share, with the last frames of its connection. */
export function tableStoryOf(result: PairResult, { what, kernel, ours }: TableDifference): string {
  const key = (kernel ?? ours)?.packetKey
  const frames = result.packets.flatMap((packet, index) => (packet.key === key ? [index] : []))
  const lines = [
    `the tables differ at the end: ${what}`,
    `    kernel  ${rowText(kernel)}`,
    `    ours    ${rowText(ours)}`,
  ]
  return [...lines, ...frames.slice(-BEFORE).flatMap((index) => frameLines(result, index, ' '))].join('\n')
}

/** The frames of a difference's connection around it, with what both sides say to each. */
export function storyOf(result: PairResult, difference: Difference): string {
  const index = difference.frame - 1
  const key = result.packets[index]?.key ?? ''
  const same = result.packets
    .map((_, i) => i)
    .filter((i) => i === index || (key !== '' && result.packets[i].key === key))
  const place = same.indexOf(index)
  const shown = same.slice(Math.max(0, place - BEFORE), place + AFTER + 1)
  const lines = [`frame ${result.packets[index]?.frame ?? difference.frame} differs in ${difference.field}:`]
  if (shown[0] !== same[0]) lines.push(`  (${same.indexOf(shown[0])} earlier frames of this connection)`)
  for (const i of shown) lines.push(...frameLines(result, i, i === index ? '>' : ' '))
  return lines.join('\n')
}

function frameLines(result: PairResult, index: number, mark: string): string[] {
  const kernel = result.kernel[index] === undefined ? '(none)' : answerText(result.kernel[index])
  const ours = result.ours[index] === undefined ? '(none)' : answerText(result.ours[index])
  const packet = result.packets[index]
  const line = `${mark}${mark}${String(packet?.frame ?? index + 1).padStart(6)}  ${packet?.text ?? ''}`
  if (kernel === ours) return [line, `            both    ${kernel}`]
  return [line, `            kernel  ${kernel}`, `            ours    ${ours}`]
}
