import { describe, expect, test } from 'vitest'
import { tcp } from '../support/packets.ts'
import { noIptables, printedByIptables, printedByUs } from './iptables-tools.ts'
import { noKernel, replayBoth } from './replay-both.ts'
import { compile, decide, filter, packetOf } from './support.ts'

const SYN = tcp('192.0.2.1:1000>198.51.100.2:80', 'S')

describe.skipIf(noIptables)(`statistic and quota, as iptables prints them ${noIptables}`, () => {
  test.each([
    '-m statistic --mode random --probability 0.5',
    '-m statistic --mode random ! --probability 0.33333',
    '-m statistic --mode random --probability 1',
    '-m statistic --mode random --probability 0',
    '-m statistic --mode random --probability 1.1',
    '-m statistic --mode random --probability .25',
    '-m statistic --mode random --probability 0.0000000001',
    '-m statistic --mode random --every 3',
    '-m statistic --mode random --probability 0.1 --packet 1',
    '-m statistic --mode nth --every 3',
    '-m statistic --mode nth --every 3 --packet 1',
    '-m statistic --mode nth ! --every 3 --packet 2',
    '-m statistic --mode nth --every 3 --packet 3',
    '-m statistic --mode nth --every 0 --packet 0',
    '-m statistic --mode nth --probability 0.1',
    '-m statistic --probability 0.1',
    '-m statistic --mode foo --probability 0.1',
    '-m quota --quota 1000',
    '-m quota ! --quota 0x10',
    '-m quota --quota 18446744073709551615',
    '-m quota --quota 18446744073709551616',
    '-m quota',
  ])('%s', (rule) => {
    expect(printedByUs(rule, 'ipv4', 'filter', 'FORWARD')).toBe(printedByIptables(rule, 'ipv4', 'filter', 'FORWARD'))
  })
})

describe('counting matches', () => {
  const answers = (rule: string, count: number): string[] => {
    const rules = compile(filter(`-A FORWARD ${rule} -j ACCEPT`))
    return Array.from({ length: count }, () => decide(rules, packetOf(SYN)).slice(0, 1))
  }

  test('chance is unknown, unless there is none', () => {
    expect(answers('-m statistic --mode random --probability 0.5', 1)).toEqual(['U'])
    expect(answers('-m statistic --mode random --probability 0', 1)).toEqual(['D'])
    expect(answers('-m statistic --mode random ! --probability 1', 1)).toEqual(['D'])
    expect(answers('-m statistic --mode random --probability 1', 1)).toEqual(['A'])
  })

  test('every nth', () => {
    expect(answers('-m statistic --mode nth --every 3 --packet 1', 6).join('')).toBe('DADDAD')
    expect(answers('-m statistic --mode nth ! --every 2 --packet 0', 4).join('')).toBe('DADA')
  })

  test('a packet that may not have been counted makes the count vague, for good', () => {
    const rules = compile(
      filter(
        '-A FORWARD -p tcp -m physdev --physdev-is-bridged -m statistic --mode nth --every 3 --packet 1 -j ACCEPT',
      ),
    )
    expect(Array.from({ length: 3 }, () => decide(rules, packetOf(SYN)).slice(0, 1)).join('')).toBe('DUU')
  })

  test('a quota ends with the packet that does not fit', () => {
    expect(answers('-m quota --quota 100', 4).join('')).toBe('AADD')
    expect(answers('-m quota ! --quota 40', 2).join('')).toBe('DA')
  })
})

describe.skipIf(noKernel)(`statistic and quota, held against the kernel ${noKernel}`, () => {
  test('in one rule after another', async () => {
    const rules = [
      '*filter',
      '-A FORWARD -m statistic --mode nth --every 5 --packet 2 -j ACCEPT',
      '-A FORWARD -m statistic --mode nth ! --every 3 --packet 0 -m quota --quota 300 -j ACCEPT',
      '-A FORWARD -m quota --quota 0 -j ACCEPT',
      '-A FORWARD -m quota ! --quota 120 -j DROP',
      '-A FORWARD -m statistic --mode random --probability 1 -j ACCEPT',
      'COMMIT',
      '',
    ].join('\n')
    const packets = Array.from({ length: 30 }, (_, index) => tcp(`192.0.2.1:${index + 1}>198.51.100.2:80`, 'S'))
    const { kernel, ours } = await replayBoth({ rules }, packets, [])
    expect(ours).toEqual(kernel)
  })
})
