import { parseRuleset, parseSets } from '../../../src/ruleset/index.ts'
import type { Family } from '../../../src/ruleset/packet/rule-environment.ts'
import { type Review, reviewRuleset } from '../../../src/ruleset/review/review.ts'

/** Reviews a filter table: chains are declared by `:`, rules by `-A`. INPUT, FORWARD and OUTPUT drop unless told otherwise. */
export function reviewOf(lines: readonly string[], family: Family = 'ipv4', sets = ''): Review {
  const declared = lines.filter((line) => line.startsWith(':'))
  const bases = ['INPUT', 'FORWARD', 'OUTPUT'].filter((base) => !declared.some((line) => line.startsWith(`:${base} `)))
  const text = [
    '*filter',
    ...bases.map((base) => `:${base} DROP [0:0]`),
    ...declared,
    ...lines.filter((line) => !line.startsWith(':')),
    'COMMIT',
    '',
  ].join('\n')
  return reviewRuleset(parseRuleset(text, 'rules', family), parseSets(sets, 'sets'))
}

/** `rule < rule that takes its packets`, by their numbers in their chains. */
export function deadOf(lines: readonly string[], family: Family = 'ipv4'): string[] {
  return reviewOf(lines, family).dead.map(({ rule, by, together }) => {
    const place = ({ chain, number }: typeof rule): string => `${chain.name} ${number}`
    if (together.length > 0) return `${place(rule)} < ${together.map(place).join(' + ')}`
    return by === null ? `${place(rule)} contradicts itself` : `${place(rule)} < ${place(by)}`
  })
}

/** But for the note about lo, which most examples leave out. */
export function mistakesOf(lines: readonly string[], family: Family = 'ipv4'): string[] {
  return reviewOf(lines, family).mistakes.flatMap(({ code }) => (code === 'loopback-dropped' ? [] : [code]))
}
