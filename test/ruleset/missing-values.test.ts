import { expect, test } from 'vitest'
import { noIptables, savedByTools } from './iptables-tools.ts'
import { errorsOf, filter } from './support.ts'

const LINES: readonly (readonly [rule: string, error: string])[] = [
  ['-A FORWARD -s -j ACCEPT', '3:12: -s has no value; write one after it'],
  ['-A FORWARD -i -j ACCEPT', '3:12: -i has no value; write one after it'],
  ['-A FORWARD -p tcp ! --dport -j ACCEPT', '3:21: --dport has no value; write one after it'],
  ['-A FORWARD -j LOG --log-prefix -m limit', '3:19: --log-prefix has no value; write one after it'],
  ['-A FORWARD -m set --match-set foo -j DROP', '3:19: --match-set needs a set and src/dst after it'],
  ['-A FORWARD -m set --match-set foo', '3:19: --match-set needs a set and src/dst after it'],
  ['-A FORWARD -p tcp --tcp-flags SYN -j DROP', '3:19: --tcp-flags needs a mask and flags after it'],
  ['-A FORWARD -p tcp -dport 22 -j ACCEPT', '3:19: -dport is read as -d port; write --dport'],
  ['-A FORWARD -p tcp -sports 22 -j ACCEPT', '3:19: -sports is read as -s ports; write --sports'],
  ['-A FORWARD -j ACCEPT ACCEPT', '3:22: the word "ACCEPT" belongs to no option; take it away'],
  ['–A FORWARD -j DROP', '3:1: "–A" begins with a typographic dash; write -A'],
  ['-A FORWARD -p tcp —dport 22', '3:19: "—dport" begins with a typographic dash; write --dport'],
  ['-A FORWARD -p tcp –-dport 22', '3:19: "–-dport" begins with a typographic dash; write --dport'],
  ['-A FORWARD -p tcp -–dport=22', '3:19: "-–dport=22" begins with a typographic dash; write --dport=22'],
]

test.each(LINES)('%s', (line, error) => {
  expect(errorsOf(filter(line))[0]).toContain(`rules:${error}`)
})

test('a typographic dash in a value is nobody’s business', () => {
  expect(errorsOf(filter('-A FORWARD -m comment --comment –x -j ACCEPT'))).toEqual([])
})

test.skipIf(noIptables)(
  'iptables-restore refuses all of them',
  () => {
    for (const [line] of LINES) expect(savedByTools(filter(line), 'ipv4')).toBe(null)
  },
  30_000,
)
