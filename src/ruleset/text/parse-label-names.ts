import { wholeNumberOf } from './numbers.ts'

/** libnetfilter_conntrack reads no higher ones; the kernel has fewer. */
const NUMBER_MAX = 1023n
/** As strtoul(…, 0) reads it, and what follows. */
const LINE = /^[ \t\v\f\r]*\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)([^\n]*)$/
const NAME = /^[A-Za-z0-9 -]+$/

/** The names of connection labels. */
export interface LabelNames {
  readonly numberOf: ReadonlyMap<string, number>
  readonly nameOf: ReadonlyMap<number, string>
}

/**
 * Reads connlabel.conf: a number and a name on each line. As the tools do, it passes over what it does not understand, and
 * keeps the first of a number and the first of a name.
 */
export function parseLabelNames(text: string): LabelNames {
  const numberOf = new Map<string, number>()
  const nameOf = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [, digits, rest] = LINE.exec(line) ?? []
    if (digits === undefined) continue
    const number = wholeNumberOf(digits)
    const name = rest.trim()
    if (number === null || number > NUMBER_MAX || !NAME.test(name)) continue
    if (numberOf.has(name) || nameOf.has(Number(number))) continue
    numberOf.set(name, Number(number))
    nameOf.set(Number(number), name)
  }
  return { numberOf, nameOf }
}
