import { describe, expect, it } from 'vitest'
import { noKernel, replayBoth } from '../ruleset/replay-both.ts'
import { udp } from '../support/packets.ts'

/** What the tracker will find is asked for in its own table: after CT, after NOTRACK, and where neither was. */

const ROUTES = ['198.51.100.1', '198.51.100.2', '198.51.100.3']

const raw = (...rules: string[]): string =>
  [
    '*raw',
    `-A PREROUTING -d ${ROUTES[0]} -j CT --zone 3`,
    `-A PREROUTING -d ${ROUTES[1]} -j NOTRACK`,
    ...rules.map((rule) => `-A PREROUTING ${rule}`),
    'COMMIT',
    '',
  ].join('\n')

const QUESTIONS = [
  ...['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED', 'NEW,UNTRACKED', 'SNAT', 'DNAT'].flatMap((state) => [
    `-m conntrack --ctstate ${state}`,
    `-m conntrack ! --ctstate ${state}`,
  ]),
  ...['NEW', 'INVALID', 'UNTRACKED'].map((state) => `-m state --state ${state}`),
  ...['NONE', 'CONFIRMED', 'ASSURED', 'EXPECTED', 'SEEN_REPLY'].flatMap((status) => [
    `-m conntrack --ctstatus ${status}`,
    `-m conntrack ! --ctstatus ${status}`,
  ]),
  '-m conntrack --ctproto 0',
  '-m conntrack --ctproto 17',
  '-m conntrack ! --ctproto 17',
  '-m conntrack --ctorigsrc 192.0.2.1',
  '-m conntrack ! --ctorigsrc 192.0.2.1',
  '-m conntrack --ctrepldst 0.0.0.0/32',
  '-m conntrack --ctorigdstport 53',
  '-m conntrack ! --ctorigdstport 53',
  '-m conntrack --ctorigdstport 0',
  '-m conntrack --ctdir ORIGINAL',
  '-m conntrack --ctdir REPLY',
  '-m conntrack --ctexpire 0',
  '-m conntrack ! --ctexpire 0',
  '-m conntrack --ctexpire 1:100',
  '-m conntrack --ctstate NEW --ctdir ORIGINAL --ctproto 0',
  '-m connmark --mark 0',
  '-m connmark ! --mark 0',
  '-m connmark --mark 1',
  '-m connlabel --label 1',
  '-m connlabel ! --label 1',
  '-m connbytes --connbytes 0 --connbytes-mode packets --connbytes-dir both',
  '-m connbytes ! --connbytes 5 --connbytes-mode packets --connbytes-dir both',
  '-m helper --helper ftp',
  '-m helper ! --helper ftp',
]

const packetsTo = (port: number): Uint8Array[] => ROUTES.map((to) => udp(`192.0.2.1:1000>${to}:${port}`))

describe.skipIf(noKernel)(
  `the raw table after CT and NOTRACK, held against the kernel ${noKernel}`,
  { retry: 2 },
  () => {
    it('matches that ask for the connection', async () => {
      const rules = raw(...QUESTIONS.map((question, index) => `-p udp --dport ${index + 1} ${question} -j DROP`))
      const packets = QUESTIONS.flatMap((_, index) => packetsTo(index + 1))
      const { kernel, ours } = await replayBoth({ rules }, packets, ['--virtual-time'])
      const asked = (answers: readonly string[]): string[] =>
        QUESTIONS.map((question, index) => `${question}: ${answers.slice(3 * index, 3 * index + 3).join(', ')}`)
      expect(asked(ours)).toEqual(asked(kernel))
    })

    it('CONNMARK --restore-mark takes the mark of the connection to be, 0', async () => {
      const rules = raw('-j MARK --set-mark 7', '-j CONNMARK --restore-mark', '-m mark --mark 7 -j DROP')
      const { kernel, ours } = await replayBoth({ rules }, packetsTo(53), ['--virtual-time'])
      expect(ours).toEqual(kernel)
      expect(ours.map((answer) => answer.slice(0, 4))).toEqual(['ACCE', 'DROP', 'DROP'])
    })
  },
)
