import { describe, expect, it } from 'vitest'
import { parseRuleset } from '../../../src/ruleset/index.ts'
import { reviewRuleset } from '../../../src/ruleset/review/review.ts'
import { deadOf } from './review-of.ts'

/** Whether the second of two rules with these matches can never match. */
function shadows(first: string, second: string, family: 'ipv4' | 'ipv6' = 'ipv4'): boolean {
  return deadOf([`-A INPUT ${first} -j ACCEPT`, `-A INPUT ${second} -j DROP`], family).length > 0
}

describe('a rule that takes all packets of a later one', () => {
  it.each([
    ['', '-p tcp --dport 22'],
    ['-p tcp', '-p tcp --dport 22'],
    ['-s 10.0.0.0/8', '-s 10.1.0.0/16'],
    ['-s 10.0.0.0/8', '-s 10.1.2.3 -d 192.0.2.1'],
    ['! -s 10.0.0.0/8', '-s 192.0.2.1'],
    ['! -s 10.1.0.0/16', '! -s 10.0.0.0/8'],
    ['-p tcp --dport 1:1023', '-p tcp --dport 22'],
    ['-p tcp ! --dport 80', '-p tcp --dport 22'],
    ['-p tcp -m multiport --dports 22,80:90', '-p tcp --dport 85'],
    ['-p tcp --dport 20:90', '-p tcp -m multiport --dports 22,80:90'],
    ['-m conntrack --ctstate NEW,ESTABLISHED', '-p udp -m state --state NEW'],
    ['-m conntrack ! --ctstate INVALID', '-m conntrack --ctstate NEW'],
    ['-i eth+', '-i eth0'],
    ['! -i lo', '-i eth0'],
    ['! -i lo', '-i eth+'],
    ['! -i eth0', '! -i eth+'],
    ['-p tcp --syn', '-p tcp --tcp-flags ALL SYN'],
    ['-p tcp ! --syn', '-p tcp --tcp-flags ALL ACK'],
    ['-p icmp --icmp-type 3', '-p icmp --icmp-type 3/4'],
    ['-p icmp --icmp-type 3/1:4', '-p icmp --icmp-type 3/4'],
    ['! -p udp', '-p tcp'],
    ['-m iprange --src-range 10.0.0.1-10.0.0.9', '-s 10.0.0.4/30'],
    ['-m owner --uid-owner 0', '-p tcp -m owner --uid-owner 0'],
    ['-m comment --comment all', '-p tcp'],
    ['-m mark --mark 1', '-m mark --mark 1'],
  ])('%s before %s', (first, second) => {
    const chain = first.includes('owner') ? 'OUTPUT' : 'INPUT'
    expect(deadOf([`-A ${chain} ${first} -j ACCEPT`, `-A ${chain} ${second} -j DROP`])).toEqual([
      `${chain} 2 < ${chain} 1`,
    ])
  })

  it.each([
    ['-s 2001:db8::/32', '-s 2001:db8:1::/48'],
    ['! -s 2001:db8::/32', '-s 2001:db9::1'],
    ['! -s fe80::/10', '! -s fe80::/9'],
    ['-p tcp', '-p tcp --dport 22'],
  ])('%s before %s', (first, second) => {
    expect(shadows(first, second, 'ipv6')).toBe(true)
  })
})

describe('rules that take all packets of a later one together', () => {
  it.each([
    [['-s 10.0.0.0/9', '-s 10.128.0.0/9'], '-s 10.0.0.0/8'],
    [['-p tcp --dport 1:1023', '-p tcp --dport 1024:65535'], '-p tcp --dport 1000:2000'],
    [['-p tcp', '! -p tcp'], ''],
    [['-m conntrack --ctstate NEW,INVALID', '-m conntrack --ctstate RELATED,ESTABLISHED,UNTRACKED'], '-p udp'],
    [['-p tcp --dport 22', '-p tcp --dport 23'], '-p tcp -m multiport --dports 22,23'],
    [['-m iprange --src-range 10.0.0.0-10.0.0.99', '-m iprange --src-range 10.0.0.50-10.0.0.255'], '-s 10.0.0.0/24'],
    [['-p icmp --icmp-type 3/1', '-p icmp ! --icmp-type 3/1'], '-p icmp --icmp-type 3'],
    [['-p tcp --syn', '-p tcp ! --syn'], '-p tcp --tcp-flags SYN SYN'],
    [['! -s 10.0.0.1', '-s 10.0.0.1'], '-i eth0'],
  ])('%j before %s', (firsts, last) => {
    const lines = [...firsts, last].map(
      (rule, index) => `-A INPUT ${rule} -j ${index === firsts.length ? 'DROP' : 'ACCEPT'}`,
    )
    const group = firsts.map((_, index) => `INPUT ${index + 1}`).join(' + ')
    expect(deadOf(lines)).toEqual([`INPUT ${firsts.length + 1} < ${group}`])
  })

  it('halves of a network of IPv6', () => {
    const halves = ['-s 2001:db8::/33', '-s 2001:db8:8000::/33'].map((half) => `-A INPUT ${half} -j ACCEPT`)
    expect(deadOf([...halves, '-A INPUT -s 2001:db8::/32 -j DROP'], 'ipv6')).toEqual(['INPUT 3 < INPUT 1 + INPUT 2'])
  })

  it.each([
    [['-s 10.0.0.0/9', '-s 10.128.0.0/10'], '-s 10.0.0.0/8'],
    [['-p tcp --dport 1:1023', '-p tcp --dport 1024:65535'], '-p tcp'],
    [['-p tcp --dport 1:1023', '-p udp --dport 1024:65535', '-p udp --dport 0'], '-p tcp'],
    [['-s 10.0.0.0/9 -p tcp', '-s 10.128.0.0/9'], '-s 10.0.0.0/8'],
    [['-m conntrack --ctstate NEW,INVALID', '-m conntrack --ctstate RELATED,ESTABLISHED'], '-p udp'],
    [['-s 10.0.0.0/9 -m limit --limit 1/s', '-s 10.128.0.0/9'], '-s 10.0.0.0/8'],
    [['-p tcp', '-p udp'], ''],
    // A later fragment has neither ports nor flags.
    [['-p tcp --dport 0:1023', '-p tcp --dport 1024:65535'], '-p tcp'],
    [['-p tcp --syn', '-p tcp ! --syn'], '-p tcp -s 10.0.0.1'],
  ])('not %j before %s', (firsts, last) => {
    const lines = [...firsts, last].map(
      (rule, index) => `-A INPUT ${rule} -j ${index === firsts.length ? 'DROP' : 'ACCEPT'}`,
    )
    expect(deadOf(lines)).toEqual([])
  })

  it('names only the rules that it takes', () => {
    const firsts = ['-s 10.0.0.0/9', '-s 10.3.0.0/16 -p tcp', '-s 10.0.0.0/10', '-s 10.128.0.0/9', '-s 10.200.0.0/16']
    const lines = [...firsts, '-s 10.0.0.0/8'].map((rule) => `-A FORWARD ${rule} -j DROP`)
    expect(deadOf(lines)).toContain('FORWARD 6 < FORWARD 1 + FORWARD 4')
  })

  it('a mark may have changed between them', () => {
    const marked = [
      '-A INPUT -m mark --mark 1 -j DROP',
      '-A INPUT -m mark ! --mark 1 -j DROP',
      '-A INPUT -p tcp -j ACCEPT',
    ]
    expect(deadOf(marked)).toEqual(['INPUT 3 < INPUT 1 + INPUT 2'])
    expect(deadOf([marked[0], '-A INPUT -p udp -j MARK --set-mark 1', ...marked.slice(1)])).toEqual([])
  })

  it('in a chain that one rule leads to', () => {
    const lines = [
      ':A -',
      '-A INPUT -p tcp -j ACCEPT',
      '-A INPUT ! -p tcp -j DROP',
      '-A INPUT -s 10.0.0.1 -j A',
      '-A A -j DROP',
    ]
    expect(deadOf(lines)).toEqual(['INPUT 3 < INPUT 1 + INPUT 2', 'A 1 < INPUT 1 + INPUT 2'])
  })
})

describe('a rule that leaves something to a later one', () => {
  it.each([
    ['-p tcp --dport 22', '-p tcp'],
    ['-p tcp', '-p udp'],
    ['-s 10.1.0.0/16', '-s 10.0.0.0/8'],
    ['! -s 10.0.0.0/8', '! -s 10.1.0.0/16'],
    ['-p tcp --dport 1:1023', '-p tcp --dport 1000:2000'],
    ['-m conntrack --ctstate NEW', '-m conntrack --ctstate NEW,INVALID'],
    ['-i eth0', '-i eth+'],
    ['! -i eth+', '! -i eth0'],
    ['! -i eth0', '-i eth+'],
    ['-i eth0', ''],
    ['-m limit --limit 1/s', '-m limit --limit 1/s'],
    ['-m statistic --mode random --probability 0.5', '-m statistic --mode random --probability 0.5'],
    ['-m owner --uid-owner 0', '-m owner --uid-owner 1'],
    ['-m bpf --object-pinned /sys/fs/bpf/a', '-m bpf --object-pinned /sys/fs/bpf/a'],
    ['-m rateest --rateest a --rateest-gt --rateest-pps 9', '-m rateest --rateest a --rateest-gt --rateest-pps 9'],
    ['-p icmp --icmp-type 3/4', '-p icmp --icmp-type 3'],
    ['-p tcp --tcp-flags ALL SYN', '-p tcp --syn'],
    ['-s 10.0.0.0/255.0.0.255', '-s 10.1.2.3'],
  ])('%s before %s', (first, second) => {
    const chain = first.includes('owner') ? 'OUTPUT' : 'INPUT'
    expect(deadOf([`-A ${chain} ${first} -j ACCEPT`, `-A ${chain} ${second} -j DROP`])).toEqual([])
  })

  it('is one that goes on, or comes back', () => {
    expect(deadOf(['-A INPUT -j LOG', '-A INPUT -p tcp -j DROP'])).toEqual([])
    expect(deadOf([':A -', '-A INPUT -j A', '-A INPUT -p tcp -j DROP', '-A A -p udp -j DROP'])).toEqual([])
  })

  it('knows that a mark may have changed between them', () => {
    const marked = '-A INPUT -m mark --mark 1 -j'
    expect(deadOf([`${marked} ACCEPT`, '-A INPUT -p tcp -j LOG', `${marked} DROP`])).toEqual(['INPUT 3 < INPUT 1'])
    expect(deadOf([`${marked} ACCEPT`, '-A INPUT -j MARK --set-mark 1', `${marked} DROP`])).toEqual([])
  })
})

describe('chains', () => {
  it('a chain that ends all its packets takes them from the rules after the jump', () => {
    const lines = [':A -', '-A INPUT -j A', '-A INPUT -p tcp -j DROP', '-A A -p udp -j DROP', '-A A -j ACCEPT']
    expect(deadOf(lines)).toEqual(['INPUT 2 < INPUT 1'])
  })

  it('a RETURN lets packets come back, wherever it stands before the end', () => {
    const lines = [':A -', '-A INPUT -j A', '-A INPUT -p tcp -j DROP', '-A A -p tcp -j RETURN', '-A A -j ACCEPT']
    expect(deadOf(lines)).toEqual([])
  })

  it('rules after a goto are reached by what it leaves only', () => {
    expect(deadOf([':A -', '-A INPUT -p tcp -g A', '-A INPUT -p tcp --dport 1 -j DROP'])).toEqual(['INPUT 2 < INPUT 1'])
  })

  it('what the only way to a chain asks is true in it', () => {
    const lines = [
      ':A -',
      '-A INPUT -p tcp -j ACCEPT',
      '-A INPUT -p tcp -j A',
      '-A A -s 10.0.0.1 -j DROP',
      '-A A -p udp -j DROP',
    ]
    expect(deadOf(lines)).toEqual(['INPUT 2 < INPUT 1', 'A 1 < INPUT 1', 'A 2 contradicts itself'])
  })

  it('nothing is taken for granted where two ways lead', () => {
    const lines = [':A -', '-A INPUT -p tcp -j A', '-A FORWARD -p udp -j A', '-A A -p udp -j DROP']
    expect(deadOf(lines)).toEqual([])
  })

  it('a loop that nobody enters does no harm', () => {
    expect(deadOf([':A -', ':B -', '-A A -j B', '-A B -j A', '-A INPUT -j ACCEPT'])).toEqual([])
  })
})

it('a rule that asks for two things that exclude each other', () => {
  const rule = '-A INPUT -m conntrack --ctstate NEW -m state --state ESTABLISHED -j ACCEPT'
  expect(deadOf([rule])).toEqual(['INPUT 1 contradicts itself'])
})

it('thousands of rules', () => {
  const lines = Array.from(
    { length: 20_000 },
    (_, i) => `-A INPUT -s 10.${i >> 8}.${i & 255}.1 -p tcp --dport 80 -j DROP`,
  )
  expect(deadOf([...lines, lines[5]])).toEqual(['INPUT 20001 < INPUT 6'])
})

describe('rules that take a later one together, in more than one dimension', () => {
  const inTurn = (...rules: string[]): string[] => rules.map((rule) => `-A FORWARD ${rule}`)

  it('halves of ports and of addresses at once', () => {
    const rules = inTurn(
      '-s 10.0.0.0/9 -p tcp --dport 1:1023 -j ACCEPT',
      '-s 10.128.0.0/9 -p tcp --dport 1:1023 -j ACCEPT',
      '-s 10.0.0.0/8 -p tcp --dport 1024:65535 -j DROP',
      '-s 10.0.0.0/8 -p tcp --dport 1:65535 -j DROP',
    )
    expect(deadOf(rules)).toEqual(['FORWARD 4 < FORWARD 1 + FORWARD 2 + FORWARD 3'])
  })

  it('pairs of interfaces, with names that begin alike', () => {
    const rules = inTurn('-i eth+ -o lan -j ACCEPT', '-i eth+ ! -o lan -j DROP', '-i eth0 -j DROP', '-i lan -j DROP')
    expect(deadOf(rules)).toEqual(['FORWARD 3 < FORWARD 1 + FORWARD 2'])
    expect(deadOf(inTurn('-i eth0 -j DROP', '-i eth1 -j DROP', '-i eth+ -j DROP'))).toEqual([])
  })

  it('states, protocols and a network; one of them is not enough', () => {
    const rules = inTurn(
      '-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      '-p tcp -m conntrack --ctstate NEW -j ACCEPT',
      '! -p tcp -s 10.0.0.0/8 -j DROP',
      '-s 10.1.0.0/16 -m conntrack --ctstate NEW,ESTABLISHED -j DROP',
    )
    expect(deadOf(rules)).toEqual(['FORWARD 4 < FORWARD 1 + FORWARD 2 + FORWARD 3'])
    expect(deadOf([rules[0], rules[1], rules[3]])).toEqual([])
  })

  it('in chains that earlier rules jump to, but not what returns from there', () => {
    const chain = [':A -', '-A A -s 10.0.0.9 -j RETURN', '-A A -p tcp -j DROP', '-A A -p udp -j DROP']
    const last = '-A FORWARD -s 10.0.0.0/24 -p tcp -j DROP'
    expect(deadOf([...chain, '-A FORWARD -j A', last])).toEqual([])
    expect(deadOf([...chain, '-A FORWARD -j A', '-A FORWARD -s 10.0.0.9 -j ACCEPT', last])).toEqual([
      'FORWARD 3 < A 2 + FORWARD 2',
    ])
  })

  it('on every way to a chain by others', () => {
    const lines = [
      ':A -',
      '-A INPUT -p udp -j DROP',
      '-A INPUT -j A',
      '-A FORWARD -s 10.0.0.0/8 -j DROP',
      '-A FORWARD -p udp -s 10.0.0.0/7 -j A',
      '-A A -p udp -s 10.0.0.1 -j ACCEPT',
      '-A A -p udp -s 11.0.0.1 -j ACCEPT',
    ]
    expect(deadOf(lines)).toEqual(['A 1 < INPUT 1 + FORWARD 1'])
  })

  it('never with limits, chance, or what no rule says twice', () => {
    for (const match of [
      '-m limit --limit 1/s',
      '-m statistic --mode random --probability 0.5',
      '-m owner --uid-owner 1',
    ]) {
      const rules = inTurn(`-p tcp ${match} -j ACCEPT`, '! -p tcp -j DROP', '-s 10.0.0.1 -j DROP')
      expect(deadOf(rules.map((line) => line.replace('FORWARD', 'OUTPUT')))).toEqual([])
    }
  })

  it('NOTRACK makes packets UNTRACKED between them', () => {
    const lines = [
      '-A PREROUTING -m conntrack --ctstate UNTRACKED -j ACCEPT',
      '-A PREROUTING -j NOTRACK',
      '-A PREROUTING -m conntrack --ctstate UNTRACKED -j DROP',
    ]
    const text = ['*raw', ...lines, 'COMMIT', ''].join('\n')
    expect(reviewRuleset(parseRuleset(text, 'rules', 'ipv4')).dead).toEqual([])
  })
})

it('thousands of rules that have something in common with thousands of others', () => {
  const rules = Array.from({ length: 10_000 }, (_, i) =>
    i % 2 === 0 ? `-A INPUT -s 10.${i >> 8}.${i & 255}.1 -j DROP` : `-A INPUT -p tcp --dport ${i} -j ACCEPT`,
  )
  expect(deadOf([...rules, '-A INPUT -s 10.0.0.1 -p tcp --dport 9 -j DROP'])).toEqual(['INPUT 10001 < INPUT 1'])
})
