import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import type { CompiledRuleset } from '../../src/ruleset/ruleset.ts'
import { tcp, udp } from '../support/packets.ts'
import { decodeToFields } from '../support/row.ts'

function compiled(...rules: string[]): CompiledRuleset {
  const lines = rules.map((rule) => `-A FORWARD ${rule}\n`).join('')
  const text = `*filter\n:FORWARD ACCEPT [0:0]\n:LIST - [0:0]\n${lines}COMMIT\n`
  return compileRuleset(parseRuleset(text, 'rules.v4', 'ipv4'), {
    interfaces: [''],
    addressType: () => 1,
    interfaceToward: () => -1,
  })
}

function classesOf(ruleset: CompiledRuleset, packet: Uint8Array): number[] {
  const { classes } = ruleset
  if (classes === null) throw new Error('these rules cannot be divided')
  const key = new Int32Array(classes.count + 1)
  classes.write(decodeToFields(packet), 0, key, 1)
  return [...key.subarray(1)]
}

const WEB = ['-s 10.0.0.0/24 -p tcp -m tcp --dport 80:89 -j LIST', '! -d 10.9.0.0/16 -p udp -j DROP'] as const

describe('packets that rules cannot tell apart have the same classes', () => {
  const web = compiled(...WEB)
  const first = classesOf(web, tcp('10.0.0.1:1000>10.9.0.1:80', 'S'))

  it.each([
    ['another host of the network', tcp('10.0.0.255:1000>10.9.0.1:80', 'S'), true],
    ['a host past the network', tcp('10.0.1.0:1000>10.9.0.1:80', 'S'), false],
    ['a host before the network', tcp('9.255.255.255:1000>10.9.0.1:80', 'S'), false],
    ['a port of which nobody asks', tcp('10.0.0.1:65535>10.9.0.1:80', 'S'), true],
    ['the last port of the range', tcp('10.0.0.1:1000>10.9.0.1:89', 'S'), true],
    ['a port past the range', tcp('10.0.0.1:1000>10.9.0.1:90', 'S'), false],
    ['an address on the other side of a negation', tcp('10.0.0.1:1000>10.10.0.0:80', 'S'), false],
    ['another protocol', udp('10.0.0.1:1000>10.9.0.1:80'), false],
  ])('%s', (_, packet, isAlike) => {
    if (isAlike) expect(classesOf(web, packet)).toEqual(first)
    else expect(classesOf(web, packet)).not.toEqual(first)
  })

  it('also when they were asked about before', () => {
    const other = tcp('192.0.2.1:5>198.51.100.7:6', 'A')
    const before = classesOf(web, other)
    for (let host = 0; host < 2000; host++) classesOf(web, tcp(`10.${host >> 8}.${host & 255}.1:1>10.9.0.1:80`, 'S'))
    expect(classesOf(web, other)).toEqual(before)
    expect(classesOf(web, tcp('10.0.0.7:1000>10.9.0.1:80', 'S'))).toEqual(first)
  })
})

it('puts many classes into few words, and mixes none of them up', () => {
  const host = (network: number, n: number): string => `${network}.0.${n >> 8}.${n & 255}`
  const numbers = Array.from({ length: 300 }, (_, n) => n)
  const many = compiled(
    ...numbers.map(
      (n) => `-s ${host(10, n)} -d ${host(11, n)} -p tcp -m tcp --sport ${1000 + n} --dport ${2000 + n} -j DROP`,
    ),
  )
  expect(many.classes?.count).toBe(2)
  const value = fc.nat(299)
  const packet = fc.tuple(value, value, value, value)
  const classes = ([source, destination, from, to]: readonly number[]): number[] =>
    classesOf(many, tcp(`${host(10, source)}:${1000 + from}>${host(11, destination)}:${2000 + to}`, 'S'))
  fc.assert(
    fc.property(packet, packet, (one, other) => {
      expect(classes(one).join() === classes(other).join()).toBe(one.join() === other.join())
      const turned = one.map((own, at) => (at === 2 ? other[at] : own))
      expect(classes(turned).join() === classes(one).join()).toBe(one[2] === other[2])
    }),
  )
})

it('counts no field of which no rule asks', () => {
  expect(compiled().classes?.count).toBe(0)
  expect(compiled('-p tcp -j ACCEPT').classes?.count).toBe(1)
  // What differs from packet to packet is not steady, and states are compared by whoever asks.
  expect(compiled('-m length --length 40 -j ACCEPT', '-m conntrack --ctstate NEW -j ACCEPT').classes?.count).toBe(0)
})

it('names what rules ask in ways of their own', () => {
  expect(compiled('-m addrtype --dst-type LOCAL -j DROP').classes?.calls.map(({ label }) => label)).toHaveLength(1)
  expect(compiled(...WEB).classes?.calls).toEqual([])
})

it.each([
  ['the tuple of a connection', '-m conntrack --ctorigsrc 10.0.0.0/8 -j DROP'],
  ['bits in the middle of an address', '-s 10.0.0.1/255.0.0.255 -j DROP'],
])('does not divide %s', (_, rule) => {
  expect(compiled(rule).classes).toBeNull()
})
