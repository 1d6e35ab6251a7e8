import { answerText } from './answer.ts'
import type { Difference } from './compare.ts'
import type { PairResult } from './pair.ts'

const BEFORE = 12
const AFTER = 3

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
  for (const i of shown) {
    const kernel = result.kernel[i] === undefined ? '(none)' : answerText(result.kernel[i])
    const ours = result.ours[i] === undefined ? '(none)' : answerText(result.ours[i])
    lines.push(
      `${i === index ? '>>' : '  '}${String(result.packets[i]?.frame ?? i + 1).padStart(6)}  ${result.packets[i]?.text ?? ''}`,
    )
    if (kernel === ours) lines.push(`            both    ${kernel}`)
    else lines.push(`            kernel  ${kernel}`, `            ours    ${ours}`)
  }
  return lines.join('\n')
}
