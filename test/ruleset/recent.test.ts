import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tcp, udp } from '../support/packets.ts'
import { noIptables, printedByIptables, printedByUs } from './iptables-tools.ts'
import { noKernel, REAL_TIME, replayBoth } from './replay-both.ts'
import { compile, decide, errorsOf, filter, packetOf } from './support.ts'

const SECOND = 1e9
const A = tcp('192.0.2.1:1000>198.51.100.2:80', 'S')
const B = tcp('192.0.2.2:1000>198.51.100.2:80', 'S')

describe.skipIf(noIptables)(`recent, as iptables prints it ${noIptables}`, () => {
  test.each([
    '-m recent --set',
    '-m recent ! --set --name X --rdest',
    '-m recent --rcheck --seconds 60 --hitcount 4 --name SSH --rttl',
    '-m recent --update --seconds 60 --reap --mask 255.255.255.0',
    '-m recent --update --reap',
    '-m recent --remove --seconds 5',
    '-m recent --rcheck --update',
    '-m recent --set --rttl',
    '-m recent --rcheck --hitcount 0',
    '-m recent --rcheck --hitcount 65535',
    '-m recent --rcheck --hitcount 65536',
    '-m recent --rcheck --seconds 0',
    '-m recent --rcheck --mask 255.0.255.0 --rsource --rdest',
    '-m recent --rcheck --name ""',
    '-m recent --rcheck --name a/b',
    '-m recent --rsource',
  ])('%s', (rule) => {
    expect(printedByUs(rule, 'ipv4', 'filter', 'FORWARD')).toBe(printedByIptables(rule, 'ipv4', 'filter', 'FORWARD'))
  })

  test('IPv6', () => {
    const rule = '-m recent --update --mask ffff:: --rdest'
    expect(printedByUs(rule, 'ipv6', 'filter', 'FORWARD')).toBe(printedByIptables(rule, 'ipv6', 'filter', 'FORWARD'))
  })
})

describe('a list of recent addresses', () => {
  test('counts hits within seconds, to the tick', () => {
    const rules = compile(
      filter('-A FORWARD -m recent --rcheck --seconds 10 --hitcount 2 -j ACCEPT', '-A FORWARD -m recent --set'),
    )
    const at = (seconds: number): string => decide(rules, packetOf(A, { nowNs: seconds * SECOND }))
    expect(['DROP', 'DROP', 'ACCEPT', 'DROP', 'DROP']).toEqual(
      [0, 5, 10, 15.004, 40].map((time) => at(time).split(' ')[0]),
    )
  })

  test('forgets the least recently seen of a hundred', () => {
    const rules = compile(filter('-A FORWARD -p udp -m recent --rcheck -j ACCEPT', '-A FORWARD -p tcp -m recent --set'))
    for (let host = 1; host <= 101; host++) decide(rules, packetOf(tcp(`192.0.2.${host}:1>198.51.100.2:80`, 'S')))
    const known = (host: number): string => decide(rules, packetOf(udp(`192.0.2.${host}:1>198.51.100.2:53`)))
    expect([1, 2, 101].map((host) => known(host).split(' ')[0])).toEqual(['DROP', 'ACCEPT', 'ACCEPT'])
  })

  test('an address that an undecidable rule may have put in is unknown, others are not', () => {
    const rules = compile(
      filter(
        '-A FORWARD -p tcp -m physdev --physdev-is-bridged -m recent --set',
        '-A FORWARD -m recent --rcheck -j ACCEPT',
      ),
    )
    expect(decide(rules, packetOf(A))).toMatch(/^UNKNOWN/)
    expect(decide(rules, packetOf(udp('192.0.2.1:1>198.51.100.2:53')))).toMatch(/^UNKNOWN/)
    expect(decide(rules, packetOf(udp('192.0.2.2:1>198.51.100.2:53')))).toMatch(/^DROP/)
    expect(decide(rules, packetOf(B))).toMatch(/^UNKNOWN/)
  })

  describe('an address in doubt', () => {
    /** Ports: 1 perhaps put in, 2 put in, 3 taken out, 4 perhaps taken out, and 5 to 8 asked for. */
    const RULES = [
      '-A FORWARD -p udp --dport 1 -m physdev --physdev-is-bridged -m recent --set -j ACCEPT',
      '-A FORWARD -p udp --dport 2 -m recent --set -j ACCEPT',
      '-A FORWARD -p udp --dport 3 -m recent --remove -j ACCEPT',
      '-A FORWARD -p udp --dport 4 -m physdev --physdev-is-bridged -m recent --remove -j ACCEPT',
      '-A FORWARD -p udp --dport 5 -m recent --rcheck -j ACCEPT',
      '-A FORWARD -p udp --dport 6 -m recent --rcheck --seconds 10 -j ACCEPT',
      '-A FORWARD -p udp --dport 7 -m recent --rcheck --hitcount 2 -j ACCEPT',
      '-A FORWARD -p udp --dport 8 -m recent --update --seconds 10 -j ACCEPT',
    ]
    const asking = (rules = RULES) => {
      const compiled = compile(filter(...rules))
      return (host: number, port: number, seconds = 0, mark = 0): string => {
        const address = `192.0.${host >> 8}.${host & 255}`
        const packet = packetOf(udp(`${address}:1>198.51.100.2:${port}`), { nowNs: seconds * SECOND, mark })
        return decide(compiled, packet).split(' ')[0]
      }
    }

    test('is in the list once it was put in for certain, but when else it was seen is not known', () => {
      const ask = asking()
      ask(1, 1, 0)
      expect(ask(1, 5, 1)).toBe('UNKNOWN')
      ask(1, 2, 5)
      expect([ask(1, 5, 6), ask(1, 6, 6), ask(1, 7, 6)]).toEqual(['ACCEPT', 'ACCEPT', 'UNKNOWN'])
      expect([ask(1, 5, 16), ask(1, 6, 16)]).toEqual(['ACCEPT', 'UNKNOWN'])
      ask(1, 2, 17)
      expect([ask(1, 6, 18), ask(1, 7, 18)]).toEqual(['ACCEPT', 'ACCEPT'])
    })

    test('is not in the list once it was taken out for certain', () => {
      const ask = asking()
      ask(1, 1)
      expect([ask(1, 3), ask(1, 5), ask(1, 3)]).toEqual(['UNKNOWN', 'DROP', 'DROP'])
      ask(1, 2)
      expect(ask(1, 4)).toBe('UNKNOWN')
      expect(ask(1, 5)).toBe('UNKNOWN')
      ask(1, 2)
      expect([ask(1, 5), ask(1, 3), ask(1, 5)]).toEqual(['ACCEPT', 'ACCEPT', 'DROP'])
    })

    test('is one of a hundred: with more of them all others are in doubt, too', () => {
      const ask = asking()
      ask(500, 2)
      for (let host = 1; host <= 99; host++) ask(host, 1)
      for (let host = 1; host <= 99; host++) ask(host, 2)
      expect([ask(500, 5), ask(1, 5)]).toEqual(['ACCEPT', 'ACCEPT'])
      ask(100, 1)
      expect([ask(500, 5), ask(1, 5), ask(200, 5)]).toEqual(['UNKNOWN', 'UNKNOWN', 'UNKNOWN'])
    })

    test('is as known as it can be: what is certain holds whatever the undecided rules did', () => {
      const decided = RULES.map((rule) => rule.replace('physdev --physdev-is-bridged', 'mark --mark 1'))
      const step = fc.record({ host: fc.nat(3), port: fc.integer({ min: 1, max: 8 }), wait: fc.nat(6), did: fc.nat(1) })
      const crowd = fc.integer({ min: 90, max: 102 })
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), crowd, fc.boolean(), (steps, others, fillsFirst) => {
          const ask = asking()
          const inWorld = asking(decided)
          const fill = () => {
            for (let host = 10; host < 10 + others; host++) expect(ask(host, 2)).toBe(inWorld(host, 2))
          }
          if (fillsFirst) fill()
          let now = 0
          for (const { host, port, wait, did } of steps) {
            now += wait
            const verdict = inWorld(host, port, now, did)
            const ours = ask(host, port, now)
            if (ours !== 'UNKNOWN') expect(ours).toBe(verdict)
          }
          if (!fillsFirst) fill()
          for (let host = 0; host < 4; host++) {
            const ours = ask(host, 5, now)
            if (ours !== 'UNKNOWN') expect(ours).toBe(inWorld(host, 5, now))
          }
        }),
      )
    })
  })

  test('errors say where and what to write', () => {
    expect(errorsOf(filter('-A FORWARD -m recent --name x -j ACCEPT'))).toEqual([
      'rules:3:15: recent needs --set, --rcheck, --update or --remove',
    ])
  })
})

describe.skipIf(noKernel)(`recent, held against the kernel ${noKernel}`, () => {
  test('hits, updates, removal, inversion, reaping, TTL, and a list of two tables', REAL_TIME, async () => {
    const rules = [
      '*mangle',
      '-A PREROUTING -p tcp --dport 80 -m recent --name L --set',
      '-A PREROUTING -p tcp --dport 99 -m recent --name L --remove',
      'COMMIT',
      '*filter',
      '-A FORWARD -p udp --dport 1 -m recent --name L --rcheck --seconds 1 --hitcount 3 -j ACCEPT',
      '-A FORWARD -p udp --dport 2 -m recent --name L --update --seconds 1 -j ACCEPT',
      '-A FORWARD -p udp --dport 3 -m recent --name L --rcheck --rttl -j ACCEPT',
      '-A FORWARD -p udp --dport 4 -m recent --name L ! --update --seconds 1 -j ACCEPT',
      '-A FORWARD -p udp --dport 5 -m recent --name L --rcheck --rdest -j ACCEPT',
      '-A FORWARD -p udp --dport 6 -m recent --name L --rcheck --seconds 1 --reap -j ACCEPT',
      '-A FORWARD -p udp --dport 7 -m recent --name L --rcheck -j ACCEPT',
      '-A FORWARD -j DROP',
      'COMMIT',
      '',
    ].join('\n')
    const ask = (host: number, port: number, ttl = 64): Uint8Array =>
      udp(`192.0.2.${host}:5>198.51.100.2:${port}`, { ttl })
    const set = (host: number, port = 80): Uint8Array => tcp(`192.0.2.${host}:1000>198.51.100.2:${port}`, 'S')
    const packets = [
      ...[ask(1, 7), set(1), ask(1, 7), ask(1, 1), set(1), set(1), ask(1, 1), ask(1, 3), ask(1, 3, 63)],
      ...[ask(1, 5), ask(2, 4), set(2), ask(2, 4), set(3), set(3, 99), ask(3, 7)],
    ].map((bytes, index) => ({ bytes, time: index * 0.02 }))
    const later = [ask(1, 2), ask(1, 1), ask(2, 4), ask(1, 2), ask(9, 6), ask(2, 6), ask(1, 6), ask(1, 7), ask(2, 7)]
    const { kernel, ours } = await replayBoth({ rules }, [
      ...packets,
      ...later.map((bytes, index) => ({ bytes, time: 0.7 + index * 0.15 })),
      { bytes: ask(1, 6), time: 3.5 },
      { bytes: ask(2, 6), time: 3.52 },
      { bytes: ask(1, 7), time: 3.54 },
      { bytes: ask(2, 7), time: 3.56 },
    ])
    expect(ours).toEqual(kernel)
  })
})
