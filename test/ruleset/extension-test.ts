import { describe, expect, test } from 'vitest'
import type { Family, TableName } from '../../src/ruleset/ruleset.ts'
import { disagreements, noIptables } from './iptables-tools.ts'
import { chainOf, differences, oracle } from './matched-rules.ts'

interface Grammar {
  readonly family?: Family
  readonly table?: TableName
  readonly chain?: string
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
    for (const { family = 'ipv4', table = 'filter', chain = 'FORWARD', rules } of grammars) {
      test(`${family} ${table} ${chain}`, () => {
        expect(disagreements({ family, table, chain }, rules)).toEqual([])
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
