import { describe, expect, test } from 'vitest'
import { tcp } from '../support/packets.ts'
import { noIptables, printedByIptables, printedByUs } from './iptables-tools.ts'
import { matches, packetOf } from './support.ts'

describe.skipIf(noIptables)(`rateest and RATEEST, as iptables prints them ${noIptables}`, () => {
  const measure = (name: string): string =>
    `iptables-legacy -t raw -A PREROUTING -j RATEEST --rateest-name ${name} --rateest-interval 250ms --rateest-ewmalog 500ms`
  const setup = `${measure('a')}\n${measure('b')}`

  test.each([
    '-m rateest --rateest a --rateest-lt --rateest-bps 1mbit',
    '-m rateest --rateest a --rateest-gt --rateest-pps 100',
    '-m rateest --rateest a ! --rateest-eq --rateest-pps 100',
    '-m rateest --rateest1 a --rateest-lt --rateest-bps 10 --rateest2 b',
    '-m rateest --rateest1 a --rateest-lt --rateest2 b --rateest-pps --rateest-bps',
    '-m rateest --rateest-delta --rateest1 a --rateest-bps1 1mbit --rateest-gt --rateest-bps2 2mbit --rateest2 b',
    '-m rateest --rateest-delta --rateest1 a --rateest-pps1 10 --rateest-gt --rateest2 b',
    '-m rateest --rateest a --rateest-delta --rateest-lt --rateest-bps1 1mbit --rateest-bps2 10',
    '-m rateest --rateest a --rateest-gt',
    '-m rateest --rateest a --rateest-pps 10',
    '-m rateest --rateest a --rateest-lt --rateest-bps 10kbps',
    '-m rateest --rateest a --rateest-lt --rateest-bps 1500',
    '-m rateest ! --rateest a --rateest-lt --rateest-bps 10',
    '-j RATEEST --rateest-name x --rateest-interval 250ms --rateest-ewmalog 500ms',
    '-j RATEEST --rateest-name x --rateest-interval 1s --rateest-ewmalog 4s',
    '-j RATEEST --rateest-name x --rateest-interval 250ms --rateest-ewmalog 100ms',
    '-j RATEEST --rateest-name x --rateest-interval 300ms --rateest-ewmalog 1s',
    '-j RATEEST --rateest-name x --rateest-interval 250ms',
    '-j RATEEST --rateest-name x --rateest-interval 8s --rateest-ewmalog 3000s',
    '-j RATEEST --rateest-name x --rateest-interval 16s --rateest-ewmalog 32s',
    '-j RATEEST --rateest-name x --rateest-interval 250 --rateest-ewmalog 500',
  ])('%s', (rule) => {
    expect(printedByUs(rule, 'ipv4', 'mangle', 'FORWARD')).toBe(
      printedByIptables(rule, 'ipv4', 'mangle', 'FORWARD', setup),
    )
  })
})

test('a rate is not known', () => {
  const packet = packetOf(tcp('192.0.2.1:1000>198.51.100.2:80', 'S'))
  expect(matches('-m rateest --rateest a --rateest-lt --rateest-bps 1mbit', packet)).toBe('unknown')
})
