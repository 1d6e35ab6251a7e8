import { describe, expect, test } from 'vitest'
import { parseRuleset } from '../../src/ruleset/index.ts'
import { udp } from '../support/packets.ts'
import { cooked } from './cooked.ts'
import { replayed } from './frames-reader.ts'

const QUESTIONS = Array.from({ length: 30 }, (_, i) => udp(`10.9.9.9:4000>10.0.0.${i}:53`))
const MASQUERADE = '*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n'
const filter = (...rules: string[]): string => `*filter\n:FORWARD DROP\n${rules.join('\n')}\nCOMMIT\n`
const rulesOf = (text: string) => parseRuleset(text, 'rules', 'ipv4')
const FORWARD_TWO = ['-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT', '-A FORWARD -i lan0 -j ACCEPT']
const INPUT = '-A INPUT -j ACCEPT'
const LAN = { name: 'lan0', networks: ['10.9.0.0/16'] }
const WAN = { name: 'wan0', networks: ['0.0.0.0/0'] }

async function hintOn(frames: typeof QUESTIONS | ReturnType<typeof cooked>[], options: Parameters<typeof replayed>[1]) {
  const { mode, assumptions } = (await replayed(frames, options)).summary
  return { mode, hint: assumptions.find((sentence) => sentence.startsWith('Yet')) ?? null }
}

describe('rules of a router on what is taken for a host, as one address is on nearly every frame', () => {
  const end = 'If it was one, give --mode router and its --local addresses.'

  test.each([
    ['FORWARD and MASQUERADE', MASQUERADE + filter(...FORWARD_TWO), [], `FORWARD has 2 rules, nat has MASQUERADE.`],
    ['FORWARD alone', filter('-A FORWARD -j ACCEPT'), [], 'FORWARD has 1 rule.'],
    ['nat alone', '*nat\n-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1\nCOMMIT\n', [], 'nat has DNAT.'],
    [
      'rules of chains that FORWARD goes to',
      filter(INPUT, '-N lan', '-A lan -s 10.0.0.1 -j ACCEPT', '-A lan -j DROP', '-A FORWARD -i lan0 -j lan'),
      [],
      'FORWARD has 3 rules.',
    ],
    ['and interfaces', filter(...FORWARD_TWO), [LAN, WAN], 'FORWARD has 2 rules, --iface names lan0, wan0.'],
    ['a few rules for the machine itself', filter(...FORWARD_TWO, INPUT), [], 'FORWARD has 2 rules.'],
    ['interfaces', filter(...FORWARD_TWO, INPUT, INPUT), [LAN, WAN], '--iface names lan0, wan0.'],
  ])('%s', async (_, text, interfaces, why) => {
    expect(await hintOn(QUESTIONS, { rules: rulesOf(text), interfaces })).toEqual({
      mode: 'host',
      hint: `Yet ${why.startsWith('--iface') ? 'the options' : 'they'} look like those of a router: ${why} ${end}`,
    })
  })

  test.each([
    ['no rules', '', []],
    ['one interface', '', [LAN]],
    ['two networks behind one interface', '', [LAN, { ...LAN, networks: ['10.8.0.0/16'] }]],
    ['as many rules for the machine itself', filter(...FORWARD_TWO, INPUT, INPUT), []],
    ['rules for the machine itself only, and two interfaces', filter(INPUT), [LAN, WAN]],
    ['REDIRECT, which hosts have, too', '*nat\n-A OUTPUT -p tcp -j REDIRECT --to-ports 80\nCOMMIT\n', []],
  ])('none with %s', async (_, text, interfaces) => {
    expect((await hintOn(QUESTIONS, { rules: rulesOf(text), interfaces })).hint).toBeNull()
  })

  test('none where the capture marks directions, or the machine was given', async () => {
    const rules = rulesOf(filter(...FORWARD_TWO))
    const marked = QUESTIONS.map((packet) => cooked(4, packet))
    expect(await hintOn(marked, { rules })).toEqual({ mode: 'host', hint: null })
    expect((await hintOn(QUESTIONS, { rules, mode: 'host' })).hint).toBeNull()
    expect((await hintOn(QUESTIONS, { rules, local: ['10.9.9.9'] })).hint).toBeNull()
  })
})
