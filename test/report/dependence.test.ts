import { describe, expect, it } from 'vitest'
import { dependenceLines, whyOneThread } from '../../src/report/dependence.ts'
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

  it('is that something else keeps threads from sharing the work, where no rule does', () => {
    const lines = dependenceLines([compiled('-A FORWARD -p tcp -j ACCEPT')], ['standard input cannot be read twice'])
    expect(lines.join(' ').replace(/\s+/g, ' ')).toBe(
      ' By no rule. Yet one thread tracks all connections: standard input cannot be read twice.',
    )
    const both = dependenceLines([compiled('-A FORWARD -m limit --limit 1/s -j ACCEPT')], ['helpers announce'])
    expect(both.join(' ').replace(/\s+/g, ' ')).toContain('Besides, helpers announce.')
  })
})

describe('why one thread tracked all connections', () => {
  const rulesets = { ruleset4: compiled('-A FORWARD -m limit --limit 1/s -j ACCEPT'), ruleset6: null }

  it('is nothing where threads did', () => {
    expect(whyOneThread({ ...rulesets, trackedBy: 'threads' }, [])).toBeNull()
  })

  it('is a rule, and what the command has besides', () => {
    expect(whyOneThread({ ...rulesets, trackedBy: 'one' }, ['a pipe it is'])).toBe(
      'FORWARD rule 1 (line 3) makes connections depend on each other, and a pipe it is',
    )
  })

  it('is what threads met on their way', () => {
    expect(whyOneThread({ ...rulesets, trackedBy: 'full-table' }, [])).toContain('table might have become full')
    expect(whyOneThread({ ...rulesets, trackedBy: 'announced' }, [])).toContain('a helper would have announced')
  })
})
