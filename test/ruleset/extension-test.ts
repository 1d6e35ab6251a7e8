import { describe, expect, test } from 'vitest'
import type { Family } from '../../src/ruleset/packet/rule-environment.ts'
import type { TableName } from '../../src/ruleset/ruleset.ts'
import { disagreements, noIptables } from './iptables-tools.ts'
import { chainOf, differences, oracle } from './matched-rules.ts'
import { noRecordedTables } from './recorded-table.ts'

interface Grammar {
  readonly family?: Family
  readonly table?: TableName
  readonly chain?: string
  /** As in `Place`. */
  readonly setup?: string
  readonly recorded?: boolean
  /** Rules without their chain, good ones and bad ones. */
  readonly rules: readonly string[]
}

interface Decisions {
  readonly family?: Family
  readonly table?: TableName
  readonly chain?: string
  /** One chain of rules, or whole files. */
  readonly rules?: readonly string[]
  readonly file?: string
  readonly packets: readonly Uint8Array[]
}

/** Rules are taken, refused and printed as by the legacy tools with the running kernel. */
export function sameGrammar(name: string, grammars: readonly Grammar[]): void {
  describe.skipIf(noIptables)(`${name}: rules as iptables takes and prints them ${noIptables}`, () => {
    for (const { rules, family = 'ipv4', table = 'filter', chain = 'FORWARD', setup = '', recorded } of grammars) {
      const skipped = recorded ? noRecordedTables : ''
      test.skipIf(skipped)(`${family} ${table} ${chain}${recorded ? ', recorded' : ''} ${skipped}`, () => {
        const place = { family, table, chain, setup, recorded: recorded ?? false }
        expect(disagreements(place, rules)).toEqual([])
      })
    }
  })
}

/** Packets match the same rules as in the running kernel. */
export function sameDecisions(name: string, decisions: Readonly<Record<string, Decisions>>): void {
  const skipped = oracle.available ? '' : `skipped: ${oracle.why}`
  describe.skipIf(!oracle.available)(`${name}: rules that packets match in the kernel ${skipped}`, () => {
    for (const [
      what,
      { family = 'ipv4', table = 'filter', chain = 'FORWARD', rules = [], file, packets },
    ] of Object.entries(decisions)) {
      test(what, async () => {
        expect(await differences(family, file ?? chainOf(table, chain, rules), packets)).toEqual([])
      })
    }
  })
}
