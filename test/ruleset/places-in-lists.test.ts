import { expect, test } from 'vitest'
import { parseSets, RulesetError } from '../../src/ruleset/index.ts'
import { errorsOf, filter } from './support.ts'

test.each([
  ['-p tcp -m multiport --dports 22,80,443,993,htttp,8080', 'htttp,'],
  ['-p tcp -m multiport --dports "22,htttp"', 'htttp'],
  ['-p tcp -m multiport --dports 22,80:70,70', '80:70'],
  ['-p tcp -m multiport --dports 800,80:,80', '80:'],
  ['-p tcp --dport 80:99999', '99999'],
  ['-m state --state NEW,RELATED,ESTABLISHD', 'ESTABLISHD'],
  ['-p tcp --tcp-flags SYN,AKC SYN', 'AKC'],
  ['-s 10.0.0.0/33', '33'],
  ['-s 10.0.0.0/8,33.0.0.0/33', '33'],
  ['-s 10.1.1.1,10.2.2.2,10.3.3.300', '10.3.3.300'],
  ['-d 10.1.1.1,2001:db8::1', '2001'],
  ['-m time --weekdays Mon,Tus,Xyz', 'Xyz'],
  ['-m addrtype --dst-type LOCAL,LOCALL', 'LOCALL'],
  ['-m iprange --src-range 10.0.0.5-10.0.0.300', '10.0.0.300'],
])('%s: at %s', (rule, place) => {
  const line = `-A FORWARD ${rule}`
  const expected = line.lastIndexOf(place)
  expect(errorsOf(filter(line))[0]).toMatch(new RegExp(`^rules:3:${expected + 1}: `))
})

test('in an element of a set', () => {
  const read = (): unknown => parseSets('create s hash:ip,port\nadd s 1.1.1.1,tcp:htttp\n', 'sets')
  expect(read).toThrow(RulesetError)
  expect(read).toThrow(/^sets:2:19: "htttp" is not a port/)
})
