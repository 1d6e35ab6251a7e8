import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { icmp, tcp, udp } from '../support/packets.ts'
import type { CaptureFrame } from '../support/pcap.ts'
import { kernelOracle } from './kernel-oracle.ts'
import type { PairResult } from './pair.ts'
import { runPackets } from './run-packets.ts'
import { storyOf } from './story.ts'

/**
 * Rules that follow the clock (limit, hashlimit, recent with seconds, time), in real time: bursts of packets, sent when the
 * capture says that they were, or as soon after as the machine can. Bursts lie far from where a bucket gains a token, as the
 * kernel is never quite in time.
 */
const CORPUS = fileURLToPath(new URL('../../../shared/corpus/rulesets', import.meta.url))
const oracle = kernelOracle()
const noKernel = oracle.available ? '' : oracle.why
const noCorpus = noKernel || (existsSync(CORPUS) ? '' : 'no corpus at ../shared/corpus')

/** On a busy machine the kernel's own timers ring late, and it is asked again; a difference that is ours stays. */
const REAL_TIME = { retry: 5, timeout: 60_000 }

const CLOCKED = /-m (?:limit|hashlimit|recent|time)\b/
const BURSTS = [0, 0.62, 1.35, 2.72]
const GAP = 0.0004
const PORTS_MAX = 14
/** So few echo requests that rates of more than a tick of the kernel (250 in a second) are not met: those nobody can hold against it. */
const ECHO_EVERY = 7

const RULESETS = [
  'anti-ddos-defender.iptables-save',
  'docker-topology-stateful.iptables-save',
  'egress-test-redirect-all.iptables-save',
  'home-user-218-rules.iptables-save',
  'medium-company-598-rules.iptables-save',
  'memphis-testbed.iptables-save',
  'openwrt-attitude-adjustment.iptables-save',
  'rhel-sysconfig-firewall.iptables-save',
  'sargon-gateway.iptables-save',
  'shorewall-akachan.iptables-save',
  'shorewall-spoofing-protection.iptables-save',
  'slackware-desktop.iptables-save',
  'small-server.iptables-save',
  'synology-nas-2015.iptables-save',
  'university-net-2013-2800-rules.iptables-save',
]

/** What the rules that follow the clock ask for, from addresses that they name and from others, in bursts. */
function bursts(rules: string): CaptureFrame[] {
  const clocked = rules.split('\n').filter((line) => CLOCKED.test(line))
  const numbers = (text: string): number[] => [...text.matchAll(/--dports? (\d+)/g)].map(([, port]) => Number(port))
  const ports = [...new Set([...clocked.flatMap(numbers), 22, 80, ...numbers(rules)])].slice(0, PORTS_MAX)
  const named = [...rules.matchAll(/-s (\d+\.\d+\.\d+)\.\d+/g)].map(([, network]) => `${network}.77`)
  const hosts = [...new Set(['192.0.2.1', '192.0.2.2', ...named])].slice(0, 4)
  const server = '198.51.100.2'
  return BURSTS.flatMap((start, burst) => {
    const packets = hosts.flatMap((host, index) =>
      ports.flatMap((port, at) => {
        const from = `${host}:${2000 + 500 * index + 100 * burst}`
        const to = `${server}:${port}`
        return [
          tcp(`${from}>${to}`, 'S', { seq: port }),
          tcp(`${host}:${4000 + (port % 1000)}>${to}`, 'R', { seq: burst }),
          udp(`${from}>${to}`),
          ...(at % ECHO_EVERY === 0 ? [icmp(`${host}>${server}`, 8, 0, { id: 7, seq: 2 * burst + at })] : []),
        ]
      }),
    )
    return packets.map((bytes, at) => ({ bytes, time: start + at * GAP }))
  })
}

async function inRealTime(rules: string, mode: 'router' | 'host', frames = bursts(rules)): Promise<PairResult> {
  if (!oracle.available) throw new Error(noKernel)
  const host = mode === 'host' ? { local: ['198.51.100.2'] } : {}
  const start = Math.floor(Date.now() / 1000)
  return await runPackets(oracle, { packets: frames, start, mode, rules, realTime: true, ...host })
}

function firstDifference(result: PairResult): string {
  const [first] = result.comparison.differences
  return first === undefined ? '' : storyOf(result, first)
}

/** Bursts take their time: by turns as a router and as a host, and with CTREPLAY_LONG=1 as both. */
function modesOf(at: number): readonly ('router' | 'host')[] {
  if (process.env.CTREPLAY_LONG) return ['router', 'host']
  return at % 2 === 0 ? ['router'] : ['host']
}

describe.skipIf(noCorpus !== '')(`public rulesets in real time (${noCorpus || 'found'})`, REAL_TIME, () => {
  it.for(RULESETS.flatMap((name, at) => modesOf(at).map((mode) => [name, mode] as const)))(
    '%s as a %s',
    async ([name, mode]) => {
      const rules = readFileSync(join(CORPUS, name), 'latin1')
      const result = await inRealTime(rules, mode)
      expect(firstDifference(result)).toBe('')
      expect(result.comparison.frames).toBe(bursts(rules).length)
    },
  )
})

const filter = (...rules: string[]): string =>
  ['*filter', ':FORWARD DROP [0:0]', ...rules.map((rule) => `-A FORWARD ${rule}`), 'COMMIT', ''].join('\n')

/** Each rule gets a port of its own, and three packets in each burst. */
function inTurn(matches: readonly string[]): { rules: string; frames: CaptureFrame[] } {
  const rules = matches.map((match, index) => `-p udp --dport ${index + 1} ${match} -j ACCEPT`)
  const frames = BURSTS.flatMap((start) =>
    [0, 1, 2].flatMap((round) =>
      matches.map((_, index) => ({
        bytes: udp(`192.0.2.1:1000>198.51.100.2:${index + 1}`, { data: 100 }),
        time: start + (round * matches.length + index) * GAP,
      })),
    ),
  )
  return { rules: filter(...rules), frames }
}

/** `hh:mm:ss` and the date so many seconds from now, UTC. */
function clockIn(seconds: number): { time: string; date: string; day: number; weekDay: string } {
  const then = new Date(Date.now() + 1000 * seconds)
  const iso = then.toISOString()
  const weekDay = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][then.getUTCDay()]
  return { time: iso.slice(11, 19), date: iso.slice(0, 19), day: then.getUTCDate(), weekDay }
}

describe.skipIf(noKernel !== '')(`rules that follow the clock (${noKernel || 'asked'})`, REAL_TIME, () => {
  it('limit: rates, bursts, and two rules that each have their own', async () => {
    const { rules, frames } = inTurn([
      '-m limit --limit 1/s --limit-burst 1',
      '-m limit --limit 1/s --limit-burst 2',
      '-m limit --limit 2/s --limit-burst 2',
      '-m limit --limit 1/min --limit-burst 3',
      '-m limit --limit 30/min --limit-burst 1',
      '-m limit --limit 1/hour',
      '-m limit --limit 4/hour --limit-burst 7',
      '-m limit --limit 1/s --limit-burst 1 -m limit --limit 1/hour --limit-burst 2',
    ])
    expect(firstDifference(await inRealTime(rules, 'router', frames))).toBe('')
  })

  it('quota: bytes run out, at once or in the middle of a burst; inverted', async () => {
    const { rules, frames } = inTurn([
      '-m quota --quota 0',
      '-m quota --quota 127',
      '-m quota --quota 128',
      '-m quota --quota 700',
      '-m quota ! --quota 700',
      '-m quota --quota 18446744073709551615',
    ])
    expect(firstDifference(await inRealTime(rules, 'router', frames))).toBe('')
  })

  it('statistic: every nth, from any packet on, inverted', async () => {
    const { rules, frames } = inTurn([
      '-m statistic --mode nth --every 3 --packet 0',
      '-m statistic --mode nth --every 3 --packet 2',
      '-m statistic --mode nth ! --every 4 --packet 1',
      '-m statistic --mode nth --every 1 --packet 0',
    ])
    expect(firstDifference(await inRealTime(rules, 'router', frames))).toBe('')
  })

  it('time: dates, times of the day over midnight, days of the week and the month, the zone of the kernel', async () => {
    const HOUR = 3600
    const [before, now, after, later] = [-HOUR, 0, HOUR, 2 * HOUR].map(clockIn)
    const yesterday = clockIn(-24 * HOUR)
    // From some time of the day to an earlier one, whatever time it is now.
    const [evening, morning] = later.time > after.time ? [later, after] : [before, later]
    const overnight = `-m time --timestart ${evening.time} --timestop ${morning.time}`
    const { rules, frames } = inTurn([
      `-m time --datestart ${before.date}`,
      `-m time --datestart ${after.date}`,
      `-m time --datestop ${before.date}`,
      `-m time --datestart ${before.date} --datestop ${after.date}`,
      `-m time --timestart ${before.time} --timestop ${after.time}`,
      `-m time --timestart ${after.time} --timestop ${before.time}`,
      `-m time --timestart ${after.time} --timestop ${later.time}`,
      `-m time --weekdays ${now.weekDay}`,
      `-m time ! --weekdays ${now.weekDay}`,
      `-m time --weekdays ${yesterday.weekDay}`,
      `-m time --monthdays ${now.day}`,
      `-m time ! --monthdays ${now.day}`,
      `${overnight} --weekdays ${now.weekDay}`,
      `${overnight} --contiguous --weekdays ${now.weekDay}`,
      `${overnight} --contiguous --weekdays ${yesterday.weekDay}`,
      `-m time --kerneltz --timestart ${before.time} --timestop ${after.time}`,
    ])
    expect(firstDifference(await inRealTime(rules, 'router', frames))).toBe('')
  })
})

describe.skipIf(noKernel !== '')(`rates that RATEEST measures (${noKernel || 'asked'})`, REAL_TIME, () => {
  /** What is asked of the rate of packets to port 9, by the port that asks. */
  const ASKED = [
    '--rateest a --rateest-gt --rateest-pps 100',
    '--rateest a --rateest-gt --rateest-pps 300',
    '--rateest a --rateest-lt --rateest-bps 8000bps',
    '--rateest a ! --rateest-gt --rateest-bps 40000bps',
    '--rateest a --rateest-eq --rateest-pps 0',
    '--rateest1 a --rateest-gt --rateest-pps --rateest2 b',
    '--rateest-delta --rateest1 a --rateest-pps1 150 --rateest-lt --rateest-pps2 120',
    '--rateest slow --rateest-gt --rateest-pps 30',
    '--rateest slow --rateest-lt --rateest-bps 100000bps --rateest-pps 150',
  ]
  const rules = [
    '*mangle',
    '-A PREROUTING -p udp --dport 9 -j RATEEST --rateest-name a --rateest-interval 250ms --rateest-ewmalog 500ms',
    '-A PREROUTING -p udp --dport 9 -m length --length 1000:65535 -j RATEEST --rateest-name b --rateest-interval 250ms --rateest-ewmalog 1s',
    '-A PREROUTING -p udp --dport 9 -j RATEEST --rateest-name slow --rateest-interval 500ms --rateest-ewmalog 4s',
    'COMMIT',
    filter(...ASKED.map((asked, index) => `-p udp --dport ${20 + index} -m rateest ${asked} -j ACCEPT`)),
  ].join('\n')

  /** 200 packets in a second for 1.5 s, then 500 ms with three times as many, then nothing. All rules ask all the time. */
  function traffic(): CaptureFrame[] {
    const frames: { bytes: Uint8Array; time: number }[] = []
    const counted = (time: number, data: number): void => {
      frames.push({ bytes: udp('192.0.2.1:1000>198.51.100.2:9', { data }), time })
    }
    for (let i = 0; i < 300; i++) counted(i * 0.005, 100)
    for (let i = 0; i < 300; i++) counted(1.5 + i * 0.00166, 1200)
    ASKED.forEach((_, index) => {
      for (let i = 0; i < 60; i++) {
        // Each a connection of its own: nothing hangs on an earlier packet.
        const bytes = udp(`192.0.2.1:${2000 + i}>198.51.100.2:${20 + index}`)
        frames.push({ bytes, time: 0.0013 + i * 0.06 + index * GAP })
      }
    })
    return frames.sort((one, other) => one.time - other.time)
  }

  it('whenever the periods of the machine end', async () => {
    const frames = traffic()
    const result = await inRealTime(rules, 'router', frames)
    expect(firstDifference(result)).toBe('')
    const asking = 60 * ASKED.length
    const undecided = result.ours.filter((answer) => answer.verdict === 'UNKNOWN').length
    expect(result.comparison.notEqual).toHaveLength(undecided)
    expect(undecided).toBeLessThan(0.3 * asking)
    expect(undecided).toBeGreaterThan(0)
  })
})
