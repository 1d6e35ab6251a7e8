import { describe, expect, test } from 'vitest'
import { c, s } from '../conntrack/ends.ts'
import { tcp } from '../support/packets.ts'
import { Replaying, table } from './replaying.ts'

describe('REJECT', () => {
  test('with a TCP reset closes the connection, which then lives ten seconds', () => {
    const data = c('PA', 101, 501, 'GET /')
    const router = new Replaying({
      rules: table('filter', '-A FORWARD -p tcp --tcp-flags PSH PSH -j REJECT --reject-with tcp-reset'),
    })
    router.sayAll([c('S', 100), s('SA', 500, 101), c('A', 101, 501)])
    expect(router.say(data)).toBe('ESTABLISHED FORWARD REJECT filter:FORWARD:rule:1')
    expect(router.wait(9).say(data)).toBe('ESTABLISHED FORWARD REJECT filter:FORWARD:rule:1')
    expect(router.wait(11).say(s('A', 501, 106))).toBe('NEW FORWARD ACCEPT filter:FORWARD:policy:2')
  })

  test('so it does whatever was tracked before: a RST of another connection changes nothing', () => {
    const router = new Replaying({
      rules: table('filter', '-A FORWARD -p tcp --tcp-flags PSH PSH -j REJECT --reject-with tcp-reset'),
    })
    router.sayAll([c('S', 100), s('SA', 500, 101), c('A', 101, 501), tcp('10.0.0.2:1>10.9.9.9:80', 'R', { seq: 1 })])
    expect(router.say(c('PA', 101, 501, 'GET /'))).toBe('ESTABLISHED FORWARD REJECT filter:FORWARD:rule:1')
    expect(router.wait(11).say(s('A', 501, 106))).toBe('NEW FORWARD ACCEPT filter:FORWARD:policy:2')
  })

  test('with an ICMP error does not', () => {
    const data = c('PA', 101, 501, 'GET /')
    const router = new Replaying({ rules: table('filter', '-A FORWARD -p tcp --tcp-flags PSH PSH -j REJECT') })
    router.sayAll([c('S', 100), s('SA', 500, 101), c('A', 101, 501), data])
    expect(router.wait(60).say(s('A', 501, 101))).toBe('ESTABLISHED/reply FORWARD ACCEPT filter:FORWARD:policy:2')
  })
})
