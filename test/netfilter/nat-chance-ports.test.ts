import { describe, expect, test } from 'vitest'
import { tcp, udp } from '../support/packets.ts'
import { filter, nat, QUESTION, router } from './translating.ts'

const RANDOM = nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1 --random-fully')
const ANSWERS_ONLY = filter('-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT', '-A FORWARD -i wan -j DROP')
const INTERFACES = [
  { name: 'lan', networks: ['10.0.0.0/24'] },
  { name: 'wan', networks: ['0.0.0.0/0'] },
]
const gateway = () => router(RANDOM + ANSWERS_ONLY, { interfaces: INTERFACES })
const ANSWER = udp('10.9.9.9:53>198.51.100.1:45678')

describe('a port taken at random is told by the first answer', () => {
  test('which finds its connection and its client', () => {
    const one = router(RANDOM + filter('-A FORWARD -d 10.0.0.1 -p udp --dport 4000 -j DROP'))
    one.say(QUESTION)
    expect(one.say(ANSWER)).toBe('ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1')
    expect(one.answers).toBe('10.9.9.9:53>198.51.100.1:45678')
  })

  test('the second answer has to go to the same port', () => {
    const one = gateway()
    one.say(QUESTION)
    one.say(ANSWER)
    expect(one.say(ANSWER)).toContain('ESTABLISHED/reply')
    expect(one.say(udp('10.9.9.9:53>198.51.100.1:45679'))).toContain('NEW FORWARD DROP')
  })

  test('from the peer only, to the outer address only', () => {
    const one = gateway()
    one.say(QUESTION)
    expect(one.say(udp('10.9.9.8:53>198.51.100.1:45678'))).toContain('NEW FORWARD DROP')
    expect(one.say(udp('10.9.9.9:54>198.51.100.1:45678'))).toContain('NEW FORWARD DROP')
    expect(one.say(udp('10.9.9.9:53>198.51.100.2:45678'))).toContain('NEW FORWARD DROP')
  })

  test('of the kind of port that the kernel would take', () => {
    const one = gateway()
    one.say(QUESTION)
    expect(one.say(udp('10.9.9.9:53>198.51.100.1:1023'))).toContain('NEW FORWARD DROP')
    expect(one.say(udp('10.9.9.9:53>198.51.100.1:1024'))).toContain('ESTABLISHED/reply')
  })

  test('and not the one that was taken', () => {
    const one = router(nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1') + ANSWERS_ONLY, {
      interfaces: INTERFACES,
    })
    one.say(QUESTION)
    one.wait(20).say(udp('10.0.0.2:4000>10.9.9.9:53'))
    expect(one.wait(20).say(udp('10.9.9.9:53>198.51.100.1:4000'))).toContain('NEW FORWARD DROP')
    expect(one.say(ANSWER)).toContain('ESTABLISHED/reply')
  })

  test("not behind the client's own address, where other connections have theirs", () => {
    const one = router(nat('-A PREROUTING -d 10.9.9.8 -j DNAT --to-destination 10.9.9.9') + ANSWERS_ONLY, {
      interfaces: INTERFACES,
    })
    one.say(QUESTION)
    one.say(udp('10.0.0.1:4000>10.9.9.8:53'))
    expect(one.machine.journey.nat.binder.portsChosen).toBe(1)
    expect(one.say(udp('10.9.9.9:53>10.0.0.1:45678'))).toContain('NEW FORWARD DROP')
  })

  test('of two clients the older one is answered first', () => {
    const one = router(RANDOM + filter('-A FORWARD -d 10.0.0.2 -j DROP'))
    one.say(QUESTION)
    one.say(udp('10.0.0.2:4000>10.9.9.9:53'))
    expect(one.say(ANSWER)).toBe('ESTABLISHED/reply FORWARD ACCEPT filter:FORWARD:policy:2')
    expect(one.say(udp('10.9.9.9:53>198.51.100.1:45000'))).toBe('ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1')
  })

  test('of TCP the one whose SYN is acknowledged', () => {
    const one = router(RANDOM + filter('-A FORWARD -d 10.0.0.2 -j DROP'))
    one.say(tcp('10.0.0.1:4000>10.9.9.9:80', 'S', { seq: 100 }))
    one.say(tcp('10.0.0.2:4000>10.9.9.9:80', 'S', { seq: 200 }))
    const answer = (ack: number) => tcp('10.9.9.9:80>198.51.100.1:45678', 'SA', { seq: 7, ack })
    expect(one.say(answer(300))).toBe('INVALID FORWARD ACCEPT filter:FORWARD:policy:2')
    expect(one.say(answer(201))).toBe('ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1')
  })

  test('not when the connection is over', () => {
    const one = gateway()
    one.say(QUESTION)
    expect(one.wait(31).say(ANSWER)).toContain('NEW FORWARD DROP')
  })

  test('not when another packet was the answer, to the port that stands in for it', () => {
    const one = gateway()
    one.say(QUESTION)
    const [from, to] = one.answers.split('>')
    expect(one.say(udp(`${from}>${to}`))).toContain('ESTABLISHED/reply')
    expect(one.say(ANSWER)).toContain('NEW FORWARD DROP')
  })

  test('and packets that cannot be that answer need not pass the rules meanwhile', () => {
    const one = router(nat('-A POSTROUTING -s 10.0.0.1 -j SNAT --to-source 198.51.100.1 --random'))
    one.say(QUESTION)
    const others = ['10.0.0.2:4000>10.9.9.9:53', '10.9.9.8:53>198.51.100.1:4000'].map((ends) => udp(ends))
    one.sayAll(others)
    expect(others.map((packet) => one.wait(31).say(QUESTION) && one.goesShort(packet))).toEqual([true, true])
  })

  test('a port that is kept needs no answer', () => {
    const one = router(nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1') + ANSWERS_ONLY, {
      interfaces: INTERFACES,
    })
    one.say(QUESTION)
    expect(one.say(ANSWER)).toContain('NEW FORWARD DROP')
  })
})
