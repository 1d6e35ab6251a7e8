import { describe, expect, it } from 'vitest'
import { compileRuleset, parseRuleset, parseSets } from '../../src/ruleset/index.ts'
import { ENVIRONMENT } from './support.ts'

const SETS =
  'create bad hash:ip family inet hashsize 64 maxelem 100 timeout 60 counters\nadd bad 192.0.2.1 timeout 10\n'

function sharing(text: string): string | null {
  const sets = parseSets(SETS, 'sets')
  return compileRuleset(parseRuleset(text, 'rules', 'ipv4'), ENVIRONMENT, { sets }).sharing?.record ?? null
}

const filter = (...rules: string[]) => ['*filter', ':FORWARD DROP', ':user -', ...rules, 'COMMIT', ''].join('\n')
const raw = (...rules: string[]) => ['*raw', ':PREROUTING ACCEPT', ...rules, 'COMMIT', ''].join('\n')

describe('rules by which connections depend on each other', () => {
  it.each([
    '-m limit --limit 1/s -j ACCEPT',
    '-m hashlimit --hashlimit-upto 1/s --hashlimit-name a --hashlimit-mode srcip -j ACCEPT',
    '-m recent --name a --set',
    '-m recent --name a --rcheck -j DROP',
    '-m quota --quota 1000 -j ACCEPT',
    '-m statistic --mode nth --every 2 --packet 0 -j DROP',
    '-p tcp -m connlimit --connlimit-above 2 -j DROP',
    '-m set --match-set bad src --packets-gt 3 -j DROP',
    '-j SET --add-set bad src',
    '-j RATEEST --rateest-name a --rateest-interval 250ms --rateest-ewmalog 500ms',
  ])('%s', (rule) => {
    expect(sharing(filter('-A FORWARD -j user', `-A user ${rule}`))).toMatch(/^filter:user:/)
  })

  it('a helper, which announces connections between other hosts', () => {
    const rules = '-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp'
    expect(sharing(raw(rules))).toBe('raw:PREROUTING:rule:1')
  })

  it('the nat table, where all take their ports', () => {
    expect(sharing('*nat\n:PREROUTING ACCEPT\nCOMMIT\n')).toMatch(/^nat:PREROUTING/)
  })
})

describe('rules that look at nothing but the packet and its connection', () => {
  it.each([
    '-p tcp -m tcp --dport 80 -j ACCEPT',
    '-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
    '-m connmark --mark 1 -j DROP',
    '-m connbytes --connbytes 100 --connbytes-dir both --connbytes-mode bytes -j DROP',
    '-m connlabel --label 3 --set',
    '-m set --match-set bad src -j DROP',
    '-m time --timestart 10:00 -j ACCEPT',
    '-m owner --uid-owner 0 -j ACCEPT',
    '-m statistic --mode random --probability 0.5 -j DROP',
    '-j LOG',
    '-j NFQUEUE',
    '-p tcp -j REJECT --reject-with tcp-reset',
  ])('%s', (rule) => {
    const chain = rule.includes('owner') ? 'OUTPUT' : 'FORWARD'
    const rules = filter(`-A ${chain} ${rule}`).replace(':FORWARD DROP', ':FORWARD DROP\n:OUTPUT ACCEPT')
    expect(sharing(rules)).toBeNull()
  })

  it.each(['-j NOTRACK', '-j CT --zone 3', '-p tcp -j CT --timeout slow'])('raw: %s', (rule) => {
    expect(sharing(raw(`-A PREROUTING ${rule}`))).toBeNull()
  })
})
