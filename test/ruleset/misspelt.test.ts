import { expect, test } from 'vitest'
import { errorsOf, filter } from './support.ts'

test.each([
  ['-j ACCPET', 'did you mean ACCEPT?'],
  ['-j DORP', 'did you mean DROP?'],
  ['-j ACCEPT;', 'did you mean ACCEPT?'],
  ['-j accept', 'write ACCEPT'],
  ['-j msaquerade', 'did you mean MASQUERADE?'],
  ['-j chan', 'did you mean chain?'],
  ['-g chian', 'did you mean chain?'],
  ['-j other', 'declare the chain above, with :other - [0:0]'],
  ['-m sate --state NEW', 'did you mean state?'],
  ['-m Conntrack --ctstate NEW', 'write conntrack'],
  ['-p tcp -m mulitport --dports 1', 'did you mean multiport?'],
  ['-p tpc', 'did you mean tcp?'],
  ['-p 300', 'write its number, 0 to 255'],
  ['-p tcp --dport htttp', 'did you mean http?'],
  ['-p tcp --dport 99999', 'write 0 to 65535'],
  ['-p icmp --icmp-type ehco-request', 'did you mean echo-request?'],
  ['-m state --state NEW,ESTABLISHD', 'did you mean ESTABLISHED?'],
  ['-p tcp --tcp-flags SYN,AKC SYN', 'did you mean ACK?'],
])('%s: %s', (rule, advice) => {
  const [error] = errorsOf(filter(':chain - [0:0]', `-A FORWARD ${rule}`))
  expect(error.slice(error.lastIndexOf('; ') + 2)).toBe(advice)
})

test('a chain, a policy and a table', () => {
  expect(errorsOf(filter('-A FROWARD -j DROP'))[0]).toContain('has no chain "FROWARD"; did you mean FORWARD?')
  expect(errorsOf('*filter\n:INPUT DRPO\nCOMMIT\n')[0]).toContain('"DRPO" is not a policy; did you mean DROP?')
  expect(errorsOf('*fliter\nCOMMIT\n')[0]).toContain('there is no table "fliter"; did you mean filter?')
})
