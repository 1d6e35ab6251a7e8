import { describe, expect, it } from 'vitest'
import { dependenceLines } from '../../src/report/dependence.ts'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import { ENVIRONMENT } from '../ruleset/support.ts'

const compiled = (...rules: string[]) =>
  compileRuleset(
    parseRuleset(['*filter', ':FORWARD DROP', ...rules, 'COMMIT', ''].join('\n'), 'rules', 'ipv4'),
    ENVIRONMENT,
  )

describe('what the summary says of rules by which connections depend on each other', () => {
  it('is nothing without rules', () => {
    expect(dependenceLines([null, null])).toEqual([])
  })

  it('is that there are none', () => {
    const lines = dependenceLines([compiled('-A FORWARD -p tcp -j ACCEPT'), null])
    expect(lines.join(' ')).toContain('By no rule')
  })

  it('is the first of them', () => {
    const limit = '-A FORWARD -m limit --limit 1/s -j ACCEPT'
    const lines = dependenceLines([null, compiled('-A FORWARD -p tcp -j ACCEPT', limit, limit)])
    expect(lines).toContain(`    line 4: ${limit}`)
    expect(lines.join(' ')).toContain('one thread tracks all connections')
  })
})
