import { describe, expect, it } from 'vitest'
import { comparableRules, likelyInterfaces } from './comparable-rules.ts'

const filter = (...rules: string[]) => ['*filter', ':INPUT ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n')

describe('comparableRules', () => {
  it('takes rate limits out of a rule and leaves the rule', () => {
    const { text, changes } = comparableRules(
      filter('-A INPUT -p tcp -m limit --limit 3/min --limit-burst 10 -m tcp --dport 22 -j ACCEPT'),
    )
    expect(text).toBe(filter('-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'))
    expect(changes).toEqual(new Map([['clause limit', 1]]))
  })

  it('knows what it takes out by its long names, too, and leaves the spelling of other rules alone', () => {
    const other = '--append  INPUT --match comment --comment "--match limit" --jump ACCEPT'
    const { text } = comparableRules(filter('--append INPUT   --match limit --limit 3/min --jump ACCEPT', other))
    expect(text).toBe(filter('-A INPUT -j ACCEPT', other))
  })

  it('takes a hashlimit with all its options', () => {
    const rule =
      '-A INPUT -m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name "a b" -j ACCEPT'
    expect(comparableRules(filter(rule)).text).toBe(filter('-A INPUT -j ACCEPT'))
  })

  it('leaves rules out that hang on real time, and keeps the line numbers of the others', () => {
    const { text, changes } = comparableRules(
      filter(
        '-A INPUT -m recent --update --seconds 60 --name DEFAULT -j DROP',
        '-A INPUT -j ACCEPT',
        '-A INPUT -m conntrack --ctexpire 1:5',
        '-A INPUT -m conntrack --ctstatus SEEN_REPLY,ASSURED -j ACCEPT',
      ),
    )
    expect(text).toBe(filter('#', '-A INPUT -j ACCEPT', '#', '#'))
    expect([...changes.keys()]).toEqual([
      'rule recent with --seconds',
      'rule conntrack with --ctexpire',
      'rule conntrack with ASSURED',
    ])
  })

  it('takes every rate limit, and what is above one in other words', () => {
    const { text } = comparableRules(
      filter(
        '-A INPUT -m limit --limit 3/min -m limit --limit 1/sec -j ACCEPT',
        '-A INPUT -m hashlimit ! --hashlimit-upto 5/sec --hashlimit-name a -j DROP',
      ),
    )
    expect(text).toBe(filter('-A INPUT -j ACCEPT', '#'))
  })

  it('leaves rules out that keep events from the oracle', () => {
    expect(comparableRules(filter('-A INPUT -j CT --ctevents new')).text).toBe(filter('#'))
  })

  it('keeps recent lists without a time', () => {
    const rule = '-A INPUT -m recent --set --name seen --rsource -j ACCEPT'
    expect(comparableRules(filter(rule)).text).toBe(filter(rule))
  })

  it('keeps what follows the clock where the kernel is given the packets in time', () => {
    const rule = '-A INPUT -m limit --limit 3/min -m recent --update --seconds 60 --name DEFAULT -j DROP'
    const { text } = comparableRules(filter(rule, '-A INPUT -m mac --mac-source 00:00:00:00:00:01 -j DROP'), {
      clock: true,
    })
    expect(text).toBe(filter(rule, '#'))
  })

  it('leaves the nat table out, with its COMMIT', () => {
    const nat = '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j DNAT --to 10.0.0.1\nCOMMIT\n'
    const { text, changes } = comparableRules(nat + filter('-A INPUT -j DROP'))
    expect(text).toBe(`#\n#\n#\n#\n${filter('-A INPUT -j DROP')}`)
    expect(changes).toEqual(new Map([['table nat', 1]]))
  })
})

describe('likelyInterfaces', () => {
  it('chooses the names that most rules mention, apart from the loopback device', () => {
    const rules = filter(
      '-A INPUT -i lo -j ACCEPT',
      '-A FORWARD -i lan -o wan -j ACCEPT',
      '-A FORWARD ! -i wan -j DROP',
    )
    expect(likelyInterfaces(rules)).toEqual({ inInterface: 'lan', outInterface: 'wan' })
  })

  it('makes a name of a wildcard, and never gives both devices the same', () => {
    expect(likelyInterfaces('-A FORWARD -i ppp+ -o ppp0 -j ACCEPT')).toEqual({
      inInterface: 'ppp0',
      outInterface: 'tout',
    })
    expect(likelyInterfaces('')).toEqual({ inInterface: 'tin', outInterface: 'tout' })
  })
})
