import { describe, expect, test } from 'vitest'
import { noIptables, noNftIptables, printedByTools, printedByUs } from '../iptables-tools.ts'
import { NFT_EXCEPTIONS } from './exceptions.ts'
import { Chance, familiesOf, placeOf, systematicTrials } from './generate.ts'
import { GRAMMARS } from './grammars.ts'

/** `npm run conformance` asks, too, whether it refuses what we refuse. */
const WITH_REFUSED = process.env.CTREPLAY_RANDOM_RULES !== undefined

const skipped = noIptables || noNftIptables

/**
 * iptables for nf_tables prints some rules in other words than the one for ip_tables. We take what either prints, and
 * print it as the latter does.
 */
describe.skipIf(skipped)(`rules as iptables-nft prints them ${skipped}`, () => {
  GRAMMARS.forEach((grammar, index) => {
    if (grammar.recorded) return
    for (const family of familiesOf(grammar)) {
      const { kind, name, table, chain } = grammar
      test(`${family} ${table} ${kind === 'match' ? '-m' : '-j'} ${name} (${index})`, () => {
        const ours = systematicTrials(grammar, 0, new Chance(index)).flatMap(({ rule }) => {
          const printed = printedByUs(rule, family, table, chain)
          return printed === null && !WITH_REFUSED ? [] : [{ rule, printed }]
        })
        const place = { ...placeOf(grammar, family), backend: 'nft' } as const
        const theirs = printedByTools(
          place,
          ours.map(({ rule }) => rule),
          ours.map(({ printed }) => printed !== null),
        )
        const differing = ours.flatMap(({ rule, printed }, at) => {
          const nft = theirs[at]
          const again = nft === null ? null : printedByUs(nft.replace(/^-A \S+ ?/, ''), family, table, chain)
          const agrees = again === printed && (nft === null) === (printed === null)
          return agrees || NFT_EXCEPTIONS.some((one) => one.rule.test(rule)) ? [] : [{ rule, printed, nft, again }]
        })
        expect(differing).toEqual([])
      })
    }
  })
})
