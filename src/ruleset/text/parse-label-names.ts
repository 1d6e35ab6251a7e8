import { wholeNumberOf } from './numbers.ts'
import { RulesetError } from './ruleset-error.ts'

/** The highest number that libnetfilter_conntrack reads; the kernel has fewer labels. */
const NUMBER_MAX = 1023n
/** It reads at most so many bytes at once, and takes the rest of a longer line for another line. */
const LINE_MAX = 1023
const UINT64 = 2n ** 64n
/** A number as strtoul(…, 0) reads it, and the rest of the line. */
const LINE = /^[ \t\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)([^\n]*)$/
const NAME = /^[A-Za-z0-9 -]+$/

/** The names of connection labels. */
export interface LabelNames {
  readonly numberOf: ReadonlyMap<string, number>
  readonly nameOf: ReadonlyMap<number, string>
}

/**
 * Reads connlabel.conf: a number and a name on each line. As in libnetfilter_conntrack, other lines are ignored, and so
 * are lines whose number or name an earlier line has.
 * @param file for the message
 * @throws RulesetError if no name is found: iptables then has no connlabel at all
 */
export function parseLabelNames(text: string, file: string): LabelNames {
  const numberOf = new Map<string, number>()
  const nameOf = new Map<number, string>()
  for (const line of linesOf(text)) {
    const [, sign, digits, rest] = LINE.exec(line) ?? []
    if (digits === undefined) continue
    const number = labelOf(digits, sign === '-')
    const name = rest.trim()
    if (number === null || !NAME.test(name)) continue
    if (numberOf.has(name) || nameOf.has(number)) continue
    numberOf.set(name, number)
    nameOf.set(number, name)
  }
  if (nameOf.size > 0) return { numberOf, nameOf }
  const wrong = 'no name of a label in this file; write lines of a number and a name, as 1 eth0-in'
  throw new RulesetError([{ file, line: 1, column: 1, text: wrong }])
}

function linesOf(text: string): string[] {
  // One character per byte. A name has only ASCII characters, so no other decoding is needed.
  const lines = Buffer.from(text).toString('latin1').split('\n')
  return lines.flatMap((line) => (line.length <= LINE_MAX ? line : (line.match(PIECE) ?? [])))
}

const PIECE = new RegExp(`.{1,${LINE_MAX}}`, 'gs')

/** As strtoul does, a negative number is counted down from 2^64. null if it is no label. */
function labelOf(digits: string, isNegative: boolean): number | null {
  const number = wholeNumberOf(digits)
  if (number === null || number >= UINT64) return null
  const label = isNegative ? (UINT64 - number) % UINT64 : number
  return label <= NUMBER_MAX ? Number(label) : null
}
