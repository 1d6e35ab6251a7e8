import { P_L4_LENGTH, P_PROTOCOL } from '../../wire/packet-fields.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { MASK_ALL } from '../text/numbers.ts'
import type { Classifier, ClassifierField } from './classifier.ts'
import { PROTOCOL_SLOTS } from './demands.ts'
import { FIELDS, type Field } from './fields.ts'
import { PLACE_SHIFT, SPREAD } from './head-cache.ts'
import { EVERY_RULE } from './rule-index.ts'
import { isSteadyField } from './steadiness.ts'

/** Odd numbers, one for each field, that spread heads over the bits of a hash. */
const SPREADS = [SPREAD, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f, 0x165667b1, 0xd3a2646d, 0xfd7046c5, 0xb55a4f09]

/** A rule as a function. `index`: the rule's place in the list that it is called from. */
export type RuleFunction = (packet: RulePacket, fields: Int32Array, base: number, index: number) => number

/** The data that the code of a classified part of a chain uses. */
export interface ClassifiedRules {
  readonly classifier: Classifier
  readonly rules: RuleFunction[]
}

/** The expression that says whether a field may be read; undefined for always. */
type KnownWhen = (field: Field, mask: number) => string | undefined

/** Name of the function that returns the packet's row in `candidates.rows`. */
export function rowFunction(name: string): string {
  return `${name}_row`
}

/**
 * Source of a function that finds the rules that a packet may match, and evaluates them in order until one does not
 * return CONTINUE.
 *
 * @param slot where in `x` the ClassifiedRules are
 */
export function classifiedSource(name: string, slot: number, classifier: Classifier, knownWhen: KnownWhen): string {
  const { fields } = classifier
  const own = (what: string): string => `x${slot}${what}`
  return [
    rowSource(name, slot, classifier, knownWhen),
    `const ${own('r')} = x[${slot}].rules, ${own('l')} = x[${slot}].classifier.candidates.list`,
    `function ${name}(p, f, b) {`,
    ...(fields.every(({ field }) => isSteadyField(FIELDS[field])) ? [] : ['  p.steady = false']),
    `  const row = ${rowFunction(name)}(p, f, b)`,
    `  for (let at = ${own('w')}[row + ${fields.length}], end = at + ${own('w')}[row + ${fields.length + 1}]; at < end; at++) {`,
    `    const i = ${own('l')}[at]`,
    `    const r = ${own('r')}[i](p, f, b, i)`,
    '    if (r !== 0) return r',
    '  }',
    '  return 0',
    '}',
  ].join('\n')
}

function rowSource(
  name: string,
  slot: number,
  { fields, alarms, candidates }: Classifier,
  knownWhen: KnownWhen,
): string {
  const own = (what: string, at: number | string = ''): string => `x${slot}${what}${at}`
  const constants = fields.map(({ cache }, at) => {
    const field = `x[${slot}].classifier.fields[${at}]`
    const searched = `const ${own('s', at)} = ${field}.index.starts, ${own('t', at)} = ${field}.index.headOf`
    if (cache === null) return searched
    return `const ${own('c', at)} = ${field}.cache, ${own('v', at)} = ${field}.cache.values, ${own('h', at)} = ${field}.cache.heads`
  })
  const lengthKnown = knownWhen(FIELDS.transportLength, MASK_ALL)
  const alarm = `f[b + ${P_L4_LENGTH}] < ${own('a')}[f[b + ${P_PROTOCOL}] & ${PROTOCOL_SLOTS - 1}]`
  const isCareful = fields.some(({ late }) => late) && alarms.some((length) => length > 0)
  const hash = fields.map((_, at) => `Math.imul(h${at}, ${SPREADS[at]})`).join(' + ')
  const differs = fields.map((_, at) => `${own('w')}[row + ${at}] !== h${at}`).join(' || ')
  const given = fields.map((_, at) => `${own('g')}[${at}] = h${at}`).join('; ')
  return [
    ...constants,
    `const ${own('a')} = x[${slot}].classifier.alarms, ${own('f')} = x[${slot}].classifier.candidates`,
    `const ${own('w')} = ${own('f')}.rows, ${own('g')} = ${own('f')}.heads`,
    `function ${rowFunction(name)}(p, f, b) {`,
    `  const alarm = ${isCareful ? `${lengthKnown ? `!(${lengthKnown}) || ` : ''}${alarm}` : 'false'}`,
    ...fields.flatMap((field, at) => headLines(field, at, (what) => own(what, at), knownWhen)),
    `  const row = ((${hash}) >>> ${candidates.shift}) * ${candidates.rowInts}`,
    `  if (${differs}) { ${given}; ${own('f')}.find(row) }`,
    '  return row',
    '}',
  ].join('\n')
}

/** Lines that assign a field's head to `h0`, `h1`, … */
function headLines(
  { field: fieldName, index, late, cache }: ClassifierField,
  at: number,
  own: (what: string) => string,
  knownWhen: KnownWhen,
): string[] {
  const field: Field = FIELDS[fieldName]
  const head = `h${at}`
  const value = `v${at}`
  const expression = field.wide ? `${field.expression} ^ ${1 << 31}` : field.expression
  const place = `Math.imul(${value}, ${SPREAD}) >>> ${PLACE_SHIFT}`
  const found =
    index.values > 0
      ? [`${head} = (${value} >>> 0) < ${index.values} ? ${own('t')}[${value}] : ${EVERY_RULE}`]
      : cache === null
        ? [`${head} = headFor(${own('s')}, ${own('t')}, ${value})`]
        : [
            `const place = ${place}`,
            `${head} = ${own('v')}[place] === ${value} ? ${own('h')}[place] : ${own('c')}.find(place, ${value})`,
          ]
  const known = [knownWhen(field, MASK_ALL), late ? '!alarm' : undefined].filter((one) => one !== undefined)
  const condition = known.length > 0 ? `if (${known.join(' && ')}) ` : ''
  return [`  let ${head} = ${EVERY_RULE}`, `  ${condition}{ const ${value} = ${expression}; ${found.join('; ')} }`]
}
