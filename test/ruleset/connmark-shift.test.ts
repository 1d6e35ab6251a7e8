import { describe, expect, test } from 'vitest'
import { udp } from '../support/packets.ts'
import { noKernel, replayBoth } from './replay-both.ts'

const MARKS = ['0x1', '0x5', '0xa', '0x14', '0x28', '0x50', '0x2d', '0x40000000', '0x80000000']
const packets = [udp('192.0.2.1:1>198.51.100.2:2')]

/** The rule that drops tells the mark: that of the connection, then that of the packet. */
function rules(...changes: readonly string[]): string {
  const looks = MARKS.flatMap((mark) => [`-m connmark --mark ${mark} -j DROP`, `-m mark --mark ${mark} -j DROP`])
  return ['*mangle', ...[...changes, ...looks].map((rule) => `-A FORWARD ${rule}`), 'COMMIT', ''].join('\n')
}

describe.skipIf(noKernel)(`CONNMARK with shifts, held against the kernel ${noKernel}`, () => {
  test.each([
    ['set', ['-j CONNMARK --set-mark 5 --left-shift-mark 4'], 'DROP mangle:FORWARD:rule:12'],
    [
      'what is kept of the old mark moves too',
      ['-j CONNMARK --set-mark 0xa5', '-j CONNMARK --set-xmark 0x14/0xf --right-shift-mark 2'],
      'DROP mangle:FORWARD:rule:15',
    ],
    [
      'the highest bit, to the right',
      ['-j CONNMARK --set-mark 0x80000000 --right-shift-mark 1'],
      'DROP mangle:FORWARD:rule:16',
    ],
    [
      'save',
      ['-j MARK --set-mark 0x35', '-j CONNMARK --save-mark --mask 0xf --left-shift-mark 4'],
      'DROP mangle:FORWARD:rule:13',
    ],
    [
      'restore',
      ['-j CONNMARK --set-mark 0x150', '-j CONNMARK --restore-mark --ctmask 0xf0 --nfmask 0xff --right-shift-mark 4'],
      'DROP mangle:FORWARD:rule:6',
    ],
  ])('%s', async (_, changes, answer) => {
    const { kernel, ours } = await replayBoth({ rules: rules(...changes) }, packets, [])
    expect(ours).toEqual(kernel)
    expect(ours).toEqual([answer])
  })
})
