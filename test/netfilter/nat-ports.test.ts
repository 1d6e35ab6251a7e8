import { describe, expect, test } from 'vitest'
import { icmp, tcp, udp } from '../support/packets.ts'
import { table } from './replaying.ts'
import { answersTo, filter, nat, QUESTION, router } from './translating.ts'

describe('one tuple, one connection', () => {
  const snat = nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1')
  const range = nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1-198.51.100.77')

  test('two clients with one port: the second gets another', () => {
    const answers = answersTo(router(snat), [QUESTION, udp('10.0.0.2:4000>10.9.9.9:53')])
    expect(answers[0]).toBe('10.9.9.9:53>198.51.100.1:4000')
    expect(answers[1]).toMatch(/^10\.9\.9\.9:53>198\.51\.100\.1:\d+$/)
    expect(answers[1]).not.toBe(answers[0])
  })

  test.each([
    [123, 1, 511],
    [700, 600, 1023],
    [4000, 1024, 65535],
  ])('another than %i lies between %i and %i', (port, low, high) => {
    const packets = [1, 2, 3].map((client) => udp(`10.0.0.${client}:${port}>10.9.9.9:123`))
    const ports = answersTo(router(snat), packets).map((answers) => Number(answers.split(':').at(-1)))
    expect(ports[0]).toBe(port)
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(low)
    expect(Math.max(...ports)).toBeLessThanOrEqual(high)
    expect(new Set(ports).size).toBe(3)
  })

  test('more clients than the kernel tries ports', () => {
    const packets = Array.from({ length: 250 }, (_, i) => udp(`10.0.1.${i}:123>10.9.9.9:123`))
    expect(new Set(answersTo(router(snat), packets)).size).toBe(250)
  })

  test('each answer finds its own client', () => {
    const one = router(snat + filter('-A FORWARD -d 10.0.0.2 -j DROP'))
    one.say(QUESTION)
    one.say(udp('10.0.0.2:4000>10.9.9.9:53'))
    const [answer, path] = one.answers.split('>')
    expect(one.say(udp('10.9.9.9:53>198.51.100.1:4000'))).toContain('ESTABLISHED/reply FORWARD ACCEPT')
    expect(one.say(udp(`${answer}>${path}`))).toBe('ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1')
  })

  test('an expired connection does not hold its port', () => {
    const one = router(snat)
    one.say(QUESTION)
    one.wait(31).say(udp('10.0.0.2:4000>10.9.9.9:53'))
    expect(one.answers).toBe('10.9.9.9:53>198.51.100.1:4000')
  })

  test('nor does a dropped one', () => {
    const one = router(snat + table('mangle', '-A POSTROUTING -s 10.0.0.1 -j DROP'))
    one.say(QUESTION)
    one.say(udp('10.0.0.2:4000>10.9.9.9:53'))
    expect(one.answers).toBe('10.9.9.9:53>198.51.100.1:4000')
  })

  test('DNAT of two destinations to one: the source port gives way (Linux 6.18)', () => {
    const rules = nat('-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1')
    const answers = answersTo(router(rules), [QUESTION, udp('10.0.0.1:4000>10.9.9.8:53')])
    expect(answers[0]).toBe('10.99.0.1:53>10.0.0.1:4000')
    expect(answers[1]).toMatch(/^10\.99\.0\.1:53>10\.0\.0\.1:\d+$/)
    expect(answers[1]).not.toBe(answers[0])
  })

  test.each([
    ['UDP', (to: string) => udp(`10.0.0.1:4000>${to}:53`)],
    ['TCP', (to: string) => tcp(`10.0.0.1:4000>${to}:53`, 'S')],
    ['ICMP', (to: string) => icmp(`10.0.0.1>${to}`, 8, 0, { id: 9 })],
  ])('one source keeps its address out of a range, wherever it goes: %s (Linux 6.18)', (_, packet) => {
    const one = router(range)
    for (const to of ['10.9.9.9', '10.9.9.10', '10.9.9.11']) {
      one.say(packet(to))
      expect(one.answers).toContain('>198.51.100.51:')
    }
  })

  test('another port of the same client does not', () => {
    const answers = answersTo(router(range), [QUESTION, udp('10.0.0.1:4001>10.9.9.10:53')])
    expect(answers[1]).toBe('10.9.9.10:53>198.51.100.38:4001')
  })

  test('one source keeps a port that was chosen for it (Linux 6.18)', () => {
    const one = router(snat)
    const [, chosen, elsewhere] = answersTo(one, [
      QUESTION,
      udp('10.0.0.2:4000>10.9.9.9:53'),
      udp('10.0.0.2:4000>10.9.9.8:53'),
    ])
    expect(elsewhere.split('>')[1]).toBe(chosen.split('>')[1])
  })

  test('but not when its connections are over', () => {
    const one = router(range)
    one.say(QUESTION)
    one.wait(31).say(udp('10.0.0.1:4000>10.9.9.10:53'))
    expect(one.answers).toBe('10.9.9.10:53>198.51.100.38:4000')
  })
})
