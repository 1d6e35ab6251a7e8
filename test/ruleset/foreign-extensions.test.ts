import { expect, test } from 'vitest'
import { errorsOf, filter } from './support.ts'

/** What is to be written in the place of what Linux does not have, or no longer. */
const REPLACED: readonly (readonly [rule: string, said: string, instead: string])[] = [
  ['-j MIRROR', '"MIRROR" is a target of old kernels, which Linux no longer has', 'packets end there, so write DROP'],
  ['-j SAME --to 192.0.2.1-192.0.2.9', '"SAME" is a target', 'write -j SNAT with --persistent'],
  ['-j ULOG --ulog-prefix x', 'the target ULOG has left the kernel', 'use NFLOG'],
  ['-j CLUSTERIP --new', 'the target CLUSTERIP has left the kernel', 'use -m cluster'],
  ['-j FTOS --set-ftos 8', '"FTOS" is a target of old patches', 'write -j TOS'],
  ['-j IMQ --todev 0', '"IMQ" is a target of old patches', 'packets go on to the next rule, so take the rule out'],
  ['-j fusivTC --set-priority 4', '"fusivTC" is a target of the firmware of routers', 'packets go on to the next rule'],
  ['-j SKIPLOG', '"SKIPLOG" is a target of the firmware of routers', 'packets go on to the next rule'],
  ['-j FULLCONENAT', '"FULLCONENAT" is a target of OpenWrt', 'say otherwise what it does, or take the rule out'],
  ['-m unclean', '"unclean" is a match of old kernels', 'take the rule out as if it never matched'],
  ['-p tcp -m mport --ports 1,2', '"mport" is a match of old patches', 'write -m multiport'],
  ['-m dstlimit --dstlimit 5', '"dstlimit" is a match of old patches', 'write -m hashlimit'],
  ['-m iplimit --iplimit-above 5', '"iplimit" is a match of old patches', 'write -m connlimit'],
  ['-m nth --every 3', '"nth" is a match of old patches', 'write -m statistic --mode nth'],
  ['-m random --average 30', '"random" is a match of old patches', 'write -m statistic --mode random'],
  ['-m qtaguid --uid-owner 5', '"qtaguid" is a match of Android', 'write -m owner'],
  ['-m geoip --src-cc DE', '"geoip" is a match of xtables-addons', 'write -m set with the networks of the countries'],
]

test.each(REPLACED)('%s', (rule, said, instead) => {
  const errors = errorsOf(filter(`-A FORWARD ${rule}`))
  expect(errors).toHaveLength(1)
  expect(errors[0]).toContain(said)
  expect(errors[0]).toContain(`; ${instead}`)
})

test('a chain of the file may have any of these names', () => {
  expect(errorsOf(filter(':MIRROR - [0:0]', '-A FORWARD -j MIRROR'))).toEqual([])
})

test('an unknown name in capitals is a chain or a target of another system', () => {
  expect(errorsOf(filter('-A FORWARD -j WIDGET'))[0]).toContain(
    '; declare it above, with :WIDGET - [0:0], if it is a chain, or write what it does if it is a target of another system',
  )
})

test("Android's option of IDLETIMER changes nothing", () => {
  const said = "it is Android's, and changes nothing of what becomes of a packet, so take it away with its value"
  expect(errorsOf(filter('-A FORWARD -j IDLETIMER --timeout 5 --label x --send_nl_msg 1'))[0]).toContain(
    `rules:3:47: the option "--send_nl_msg" is not known here; ${said}`,
  )
})
