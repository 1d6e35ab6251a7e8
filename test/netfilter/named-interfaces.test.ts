import { expect, test } from 'vitest'
import { interfacesNotGiven, interfaceWarnings } from '../../src/netfilter/named-interfaces.ts'
import { compile, filter } from '../ruleset/support.ts'

const rulesets = [
  compile(filter('-A FORWARD -i lan+ -j ACCEPT', '-A FORWARD -o wan -j DROP', '-A FORWARD -i lo')),
  null,
]
const behind = (...names: string[]) => ({ interfaces: names.map((name) => ({ name, networks: ['10.0.0.0/8'] })) })

test('the interfaces of the rules that no option names', () => {
  expect(interfacesNotGiven(rulesets, [])).toEqual(['lan+', 'wan'])
  expect(interfacesNotGiven(rulesets, ['lan3'])).toEqual(['wan'])
  expect(interfacesNotGiven(rulesets, ['wan', 'lan'])).toEqual([])
})

test('a name that no rule has is taken for a slip while rules have names that are not given', () => {
  expect(interfaceWarnings(rulesets, { ...behind('lan0', 'van'), inInterface: 'wann' })).toEqual([
    'No rule speaks of the interface van (--iface), but of wan.',
    'No rule speaks of the interface wann (--in-iface), but of wan.',
  ])
  expect(interfaceWarnings(rulesets, { ...behind('lan0', 'wan', 'dmz'), outInterface: 'wan' })).toEqual([])
  expect(interfaceWarnings(rulesets, behind('lan0'))).toEqual([])
  expect(interfaceWarnings([null, null], behind('lan0'))).toEqual([])
})

test('names are read as the rules say them, not as they are written', () => {
  const written = compile(
    filter('-A FORWARD -i "lan0"', '-A FORWARD --out-interf wan0', '-A FORWARD -m comment --comment "not -i dmz0"'),
  )
  expect(interfacesNotGiven([written], [])).toEqual(['lan0', 'wan0'])
})
