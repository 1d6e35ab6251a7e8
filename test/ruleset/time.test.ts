import { describe, expect, test } from 'vitest'
import { tcp } from '../support/packets.ts'
import { inNamespace, noIptables, printedByIptables, printedByUs } from './iptables-tools.ts'
import { matches, packetOf } from './support.ts'

const SYN = tcp('192.0.2.1:1000>198.51.100.2:80', 'S')

describe.skipIf(noIptables)(`time, as iptables prints it ${noIptables}`, () => {
  test.each([
    '',
    '--timestart 08:00 --timestop 17:30',
    '--timestart 8:5:3 --timestop 1:00 --contiguous',
    '--datestart 2020-01-01 --datestop 2021-06-07T08:09:10',
    '--datestart 2020 --datestop 2020-2',
    '--weekdays Mon,Tue --monthdays 1,31',
    '! --weekdays 1,2,Su --kerneltz',
    '! --monthdays 5',
    '--weekdays Mo,Tu,We,Th,Fr,Sa,Su',
    '--monthdays 32',
    '--weekdays Foo',
    '--timestart 24:00',
    '--timestart 23:60',
    '--contiguous',
    '--timestart 10:00 --timestop 11:00 --contiguous',
    '--datestart 1969-01-01',
    '--datestart 2039-01-01',
    '--datestart 2020-13-01',
    '--datestart 2020-02-31',
    '--datestart 2020-01-01T24:00',
    '--timestart 00:00 --timestop 23:59:59',
    '--timestart 12:00',
    '--timestop 12:00',
    '--datestart 2007-01-01T17 --datestop 2007-01-01T23:59:59',
    '--datestart 2007-01-01T17:00:00Z',
    '--monthdays 1,2,3,2',
    '! --monthdays 1,2,3 ! --weekdays Mon',
  ])('%s', (options) => {
    const rule = `-m time ${options}`.trim()
    expect(printedByUs(rule, 'ipv4', 'filter', 'FORWARD')).toBe(printedByIptables(rule, 'ipv4', 'filter', 'FORWARD'))
  })
})

describe('the time of a packet', () => {
  test.each([
    ['2024-02-29T12:00:00Z', '--monthdays 29', 'yes'],
    ['2024-03-01T00:00:00Z', '--monthdays 29', 'no'],
    ['2024-02-29T12:00:00Z', '--weekdays Thu', 'yes'],
    ['1970-01-01T00:00:00Z', '--weekdays Thu --monthdays 1', 'yes'],
    ['2024-03-03T12:00:00Z', '--weekdays Sun', 'yes'],
    ['2024-03-03T12:00:00Z', '! --weekdays Sun', 'no'],
    ['2024-03-03T07:59:59Z', '--timestart 08:00 --timestop 17:00', 'no'],
    ['2024-03-03T17:00:00Z', '--timestart 08:00 --timestop 17:00', 'yes'],
    ['2024-03-03T17:00:01Z', '--timestart 08:00 --timestop 17:00', 'no'],
    ['2024-03-04T23:30:00Z', '--weekdays Mon --timestart 23:00 --timestop 01:00', 'yes'],
    ['2024-03-05T00:30:00Z', '--weekdays Mon --timestart 23:00 --timestop 01:00', 'no'],
    ['2024-03-05T00:30:00Z', '--weekdays Mon --timestart 23:00 --timestop 01:00 --contiguous', 'yes'],
    ['2024-03-04T00:30:00Z', '--weekdays Mon --timestart 23:00 --timestop 01:00 --contiguous', 'no'],
    ['2024-03-04T12:00:00Z', '--timestart 23:00 --timestop 01:00', 'no'],
    ['2024-03-04T12:00:00Z', '--datestart 2024-03-04T12:00:00 --datestop 2024-03-04T12:00:00', 'yes'],
    ['2024-03-04T12:00:00Z', '--datestop 2024-03-04', 'no'],
  ])('%s %s: %s', (at, options, expected) => {
    const packet = packetOf(SYN, { epochSeconds: Date.parse(at) / 1000 })
    expect(matches(`-m time ${options}`, packet)).toBe(expected)
  })

  test.skipIf(noIptables)(`the running kernel says the same of now ${noIptables}`, () => {
    const now = new Date()
    const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][now.getUTCDay()]
    const rules = [`--weekdays ${day}`, `! --weekdays ${day}`, `--monthdays ${now.getUTCDate()}`, '--datestop 2020']
    const script = [
      'ip link set lo up',
      ...rules.map((options) => `iptables-legacy -A OUTPUT -m time ${options}`),
      'ping -c 1 -W 1 127.0.0.1 >/dev/null 2>&1 || true',
      'iptables-legacy-save -c -t filter',
    ].join('\n')
    const counted = [...inNamespace(script).matchAll(/^\[(\d+):\d+\] -A OUTPUT/gm)].map(
      ([, packets]) => packets !== '0',
    )
    const packet = packetOf(SYN, { epochSeconds: Math.floor(now.getTime() / 1000) })
    if (counted.some((matched) => matched)) {
      expect(rules.map((options) => matches(`-m time ${options}`, packet) === 'yes')).toEqual(counted)
    }
  })
})
