import { P_L4_LENGTH, P_PROTOCOL } from '../../wire/packet-fields.ts'
import type { RulePacket } from '../rule-packet.ts'
import type { Classifier } from './classifier.ts'
import { PROTOCOL_SLOTS } from './demands.ts'
import { FIELDS, type Field } from './fields.ts'
import { EVERY_RULE } from './rule-index.ts'

const EVERY_BIT = 0xffff_ffff

/** A rule as a function; `index`: its own, in the list that it is called from. */
export type RuleFunction = (packet: RulePacket, fields: Int32Array, base: number, index: number) => number

/** What the code of a classified piece of a chain works on. */
export interface ClassifiedRules {
  readonly classifier: Classifier
  readonly rules: RuleFunction[]
}

/**
 * A function that finds the rules that a packet may match, and asks them in their order until one does not say CONTINUE.
 *
 * @param slot where in `x` the ClassifiedRules are
 * @param knownWhen when a field may be read; undefined for always
 */
export function classifiedSource(
  name: string,
  slot: number,
  { fields, alarms }: Classifier,
  knownWhen: (field: Field, mask: number) => string | undefined,
): string {
  const { summaryWords } = fields[0].index
  const own = (what: string, at: number | string = ''): string => `x${slot}${what}${at}`
  const constants = fields.map((_, at) => {
    const index = `x[${slot}].classifier.fields[${at}].index`
    return `const ${own('i', at)} = ${index}, ${own('h', at)} = ${index}.heads, ${own('s', at)} = ${index}.starts, ${own('t', at)} = ${index}.headOf`
  })
  const heads = fields.map(({ field: fieldName, index, late }, at) => {
    const field: Field = FIELDS[fieldName]
    const value = field.expression
    const searched = field.wide ? `${value} ^ ${1 << 31}` : value
    const found =
      index.values > 0
        ? `(${value} >>> 0) < ${index.values} ? ${own('t', at)}[${value}] : ${EVERY_RULE}`
        : `headFor(${own('s', at)}, ${own('t', at)}, ${searched})`
    const known = [knownWhen(field, EVERY_BIT), late ? '!alarm' : undefined].filter((one) => one !== undefined)
    return `  const h${at} = ${known.length > 0 ? `${known.join(' && ')} ? (${found}) : ${EVERY_RULE}` : found}`
  })
  const lengthKnown = knownWhen(FIELDS.transportLength, EVERY_BIT)
  const alarm = `f[b + ${P_L4_LENGTH}] < ${own('a')}[f[b + ${P_PROTOCOL}] & ${PROTOCOL_SLOTS - 1}]`
  const isCareful = fields.some(({ late }) => late) && alarms.some((length) => length > 0)
  const every = (what: (at: number) => string): string => fields.map((_, at) => what(at)).join(' & ')
  return [
    ...constants,
    `const ${own('r')} = x[${slot}].rules, ${own('a')} = x[${slot}].classifier.alarms, ${own('o')} = x[${slot}].classifier.order`,
    `const ${own('f')} = x[${slot}].classifier.found, ${own('g')} = x[${slot}].classifier.foundSummary`,
    `function ${name}(p, f, b) {`,
    `  const alarm = ${isCareful ? `${lengthKnown ? `!(${lengthKnown}) || ` : ''}${alarm}` : 'false'}`,
    ...heads,
    `  for (let j = 0; j < ${summaryWords}; j++) {`,
    `    for (let s = ${every((at) => `${own('h', at)}[h${at} + j]`)}; s !== 0; s &= s - 1) {`,
    '      const bit = 31 - Math.clz32(s & -s), w = 32 * j + bit',
    `      let v = ${every((at) => `wordAt(${own('i', at)}, h${at} + ${summaryWords} + j, bit, w)`)}`,
    '      for (; v !== 0; v &= v - 1) {',
    `        const i = ${own('o')}[32 * w + 31 - Math.clz32(v & -v)]`,
    `        ${own('f')}[i >> 5] |= 1 << i`,
    `        ${own('g')}[i >> 10] |= 1 << (i >> 5)`,
    '      }',
    '    }',
    '  }',
    `  for (let j = 0; j < ${summaryWords}; j++) {`,
    `    for (let s = ${own('g')}[j]; s !== 0; s &= s - 1) {`,
    '      const w = 32 * j + 31 - Math.clz32(s & -s)',
    `      let v = ${own('f')}[w]`,
    `      ${own('f')}[w] = 0`,
    '      for (; v !== 0; v &= v - 1) {',
    '        const i = 32 * w + 31 - Math.clz32(v & -v)',
    `        const r = ${own('r')}[i](p, f, b, i)`,
    `        if (r !== 0) { forget(${own('f')}, ${own('g')}, j); return r }`,
    '      }',
    '    }',
    `    ${own('g')}[j] = 0`,
    '  }',
    '  return 0',
    '}',
  ].join('\n')
}

/** Empties what is left of the rules found. @param from the first word of the summary that may not be 0 */
export function forget(found: Int32Array, foundSummary: Int32Array, from: number): void {
  for (let at = from; at < foundSummary.length; at++) {
    for (let bits = foundSummary[at]; bits !== 0; bits &= bits - 1) found[32 * at + 31 - Math.clz32(bits & -bits)] = 0
    foundSummary[at] = 0
  }
}
