import { describe, expect, it } from 'vitest'
import type { OracleEntry, OracleTuple } from './kernel-oracle.ts'
import { compareTables, rowText, type TableRow, tableOfKernel } from './table.ts'

const tuple = (src: string, sport: number, dst: string, dport: number): OracleTuple => {
  return { protocol: 6, src, dst, sport, dport, zone: 0 }
}
const CONNECTION: OracleEntry = {
  kind: 'connection',
  original: tuple('10.0.0.1', 1000, '10.9.9.9', 80),
  reply: tuple('10.9.9.9', 80, '10.0.0.1', 1000),
  status: 'SEEN_REPLY,ASSURED,CONFIRMED',
  timeout: 299.5,
  mark: 7,
  tcp: 'ESTABLISHED',
}
const EXPECTATION: OracleEntry = {
  kind: 'expectation',
  tuple: tuple('10.9.9.9', 0, '10.0.0.1', 1234),
  mask: tuple('255.255.255.255', 0, '0.0.0.0', 65535),
  master: CONNECTION.original,
  timeout: 300,
  flags: 0,
}
const [row] = tableOfKernel([CONNECTION])
const NONE: ReadonlySet<string> = new Set()
const differing = (ours: readonly TableRow[]) => compareTables([row], ours, NONE).differences.map(({ what }) => what)

describe('compareTables', () => {
  it('finds what both sides have', () => {
    expect(compareTables([row], [{ ...row, secondsLeft: 300 }], NONE)).toMatchObject({ rows: 1, equal: 1 })
  })

  it.each([
    ['timeout', { secondsLeft: 301 }],
    ['reply', { details: { ...row.details, reply: 'another' } }],
    ['status', { details: { ...row.details, status: 'SEEN_REPLY' } }],
    ['state', { details: { ...row.details, state: 'CLOSE' } }],
    ['mark', { details: { ...row.details, mark: '0' } }],
  ] as const)('tells a difference in the %s', (what, change) => {
    expect(differing([{ ...row, ...change }])).toEqual([what])
  })

  it('takes another source port for equal where neither side could keep the wanted one', () => {
    const to = (dport: number) =>
      tableOfKernel([{ ...CONNECTION, reply: tuple('10.9.9.9', 80, '192.0.2.1', dport) }])[0]
    const whatDiffers = (kernel: number, ours: number) =>
      compareTables([to(kernel)], [to(ours)], NONE).differences.length
    expect(whatDiffers(2000, 3000)).toBe(0)
    expect(whatDiffers(1000, 3000)).toBe(1)
    expect(whatDiffers(3000, 1000)).toBe(1)
  })

  it('tells rows that one side lacks', () => {
    expect(differing([])).toEqual(['only the kernel has it'])
    expect(differing([row, { ...row, name: 'another' }])).toEqual(['only we have it'])
  })

  it('leaves out what comes of packets that were left out, on either side', () => {
    const key = new Set([row.packetKey])
    expect(compareTables([row], [], key)).toMatchObject({ rows: 0, excluded: 1, differences: [] })
    expect(compareTables([], [row], key)).toMatchObject({ rows: 0, excluded: 1, differences: [] })
  })
})

describe('rows of the kernel', () => {
  it('are told in words', () => {
    expect(tableOfKernel([CONNECTION, EXPECTATION]).map(rowText)).toEqual([
      'proto 6 10.0.0.1 1000 > 10.9.9.9 80; reply proto 6 10.9.9.9 80 > 10.0.0.1 1000; status SEEN_REPLY ASSURED; ' +
        'state ESTABLISHED; mark 7; 299.500 s left',
      'expectation: proto 6 10.9.9.9 * > 10.0.0.1 1234 zone 0; master proto 6 10.0.0.1 1000 > 10.9.9.9 80; 300.000 s left',
    ])
  })
})
