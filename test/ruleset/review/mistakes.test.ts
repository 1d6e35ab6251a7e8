import { describe, expect, it } from 'vitest'
import { parseRuleset } from '../../../src/ruleset/index.ts'
import { reviewRuleset } from '../../../src/ruleset/review/review.ts'
import { mistakesOf, reviewOf } from './review-of.ts'

const REPLIES = '-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT'

describe('replies that nothing accepts', () => {
  const SSH = '-A INPUT -p tcp --dport 22 -j ACCEPT'

  it('where only NEW is accepted', () => {
    expect(mistakesOf(['-A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT'])).toEqual(['replies-dropped'])
  })

  it.each([
    SSH,
    '-A INPUT -p udp --dport 53 -j ACCEPT',
    '-A INPUT -p icmp -j ACCEPT',
    '-A INPUT -p tcp --sport 1024:65535 --dport 22 -j ACCEPT',
    '-A INPUT -p tcp --dport 51820 -j ACCEPT',
    '-A INPUT -i eth0 -m conntrack --ctstate RELATED -j ACCEPT',
  ])('where the machine may connect to others: %s', (rule) => {
    expect(mistakesOf([':OUTPUT ACCEPT', '-A INPUT -i lo -j ACCEPT', rule])).toContain('replies-dropped')
    expect(mistakesOf(['-A INPUT -i lo -j ACCEPT', rule, '-A OUTPUT -p tcp --dport 80 -j ACCEPT'])).toContain(
      'replies-dropped',
    )
  })

  it('where FORWARD lets one way through only', () => {
    expect(mistakesOf(['-A FORWARD -i lan -o wan -m state --state NEW -j ACCEPT'])).toEqual(['replies-dropped'])
    expect(mistakesOf(['-A FORWARD -i lan -o wan -j ACCEPT'])).toEqual(['replies-dropped'])
    expect(mistakesOf(['-A FORWARD -p tcp --dport 80 -j ACCEPT'])).toEqual(['replies-dropped'])
  })

  it.each([
    ['-A FORWARD -i lan -o wan -j ACCEPT', '-A FORWARD -i wan -o lan -m state --state ESTABLISHED -j ACCEPT'],
    ['-A FORWARD -i lan+ -o wan -j ACCEPT', '-A FORWARD ! -i lan0 -o lan0 -j ACCEPT'],
    ['-A FORWARD -s 10.0.0.0/8 -j ACCEPT', '-A FORWARD -d 10.0.0.0/8 -j ACCEPT'],
    ['-A FORWARD -p tcp --dport 80 -j ACCEPT', '-A FORWARD -p tcp --sport 80 -j ACCEPT'],
    ['-A FORWARD -p icmp -m conntrack --ctstate RELATED -j ACCEPT'],
  ])('not where FORWARD lets them through, or opens nothing: %s %s', (...rules) => {
    expect(mistakesOf(rules).filter((code) => code === 'replies-dropped')).toEqual([])
  })

  it('not where the other chain opens no connection', () => {
    const out = ['-A OUTPUT -p tcp -m multiport --dports 80,443 -j ACCEPT', '-A OUTPUT -p udp --dport 53 -j ACCEPT']
    expect(mistakesOf([REPLIES, ...out])).toEqual([])
    expect(mistakesOf([REPLIES, '-A INPUT -i lo -j ACCEPT', '-A INPUT -p icmp -j ACCEPT', ...out])).toEqual([])
    const refused = [':OUTPUT ACCEPT', '-A OUTPUT -m state --state NEW -j REJECT']
    expect(mistakesOf([...refused, SSH])).toEqual([])
    expect(mistakesOf([':OUTPUT ACCEPT', ':E -', '-A OUTPUT -j E', '-A E -j DROP', SSH])).toEqual([])
  })

  it('where several rules lead to the one that accepts, each way there counts', () => {
    const accept = [':LOGGED -', '-A LOGGED -j LOG', '-A LOGGED -j ACCEPT']
    const replies = ['-A OUTPUT -m state --state ESTABLISHED -j LOGGED', '-A OUTPUT -p udp -j LOGGED']
    expect(mistakesOf([...accept, ...replies, SSH])).toEqual([])
    expect(mistakesOf([...accept, ...replies, '-A OUTPUT -p tcp --dport 80 -j LOGGED', SSH])).toEqual([
      'replies-dropped',
    ])
  })

  it('not of a server or client whose rules ask for no state', () => {
    const lo = ['-A INPUT -i lo -j ACCEPT', '-A OUTPUT -o lo -j ACCEPT']
    const icmp = ['-A INPUT -p icmp -j ACCEPT', '-A OUTPUT -p icmp -j ACCEPT']
    const server = [
      '-A INPUT -p tcp -m multiport --dports 22,80,443 -j ACCEPT',
      '-A OUTPUT -p tcp -m multiport --sports 22,80,443 -j ACCEPT',
    ]
    expect(mistakesOf([...lo, ...server, ...icmp])).toEqual([])
    const client = ['-A OUTPUT -p tcp --dport 80 -j ACCEPT', '-A INPUT -p tcp --sport 80 ! --syn -j ACCEPT']
    expect(mistakesOf(client)).toEqual(['open-without-syn'])
    expect(mistakesOf(['-A OUTPUT -p tcp -j ACCEPT', '-A INPUT -p tcp -j ACCEPT'])).toEqual([])
  })

  it('not where ESTABLISHED is accepted, here or in a chain', () => {
    expect(mistakesOf([REPLIES, ':OUTPUT ACCEPT', SSH])).toEqual([])
    const chain = [':S -', '-A INPUT -j S', '-A S -m state --state ESTABLISHED -j ACCEPT', '-A INPUT -p icmp -j ACCEPT']
    expect(mistakesOf([':OUTPUT ACCEPT', ...chain])).toEqual([])
  })

  it('not where the rest is accepted anyway, or a whole network is, or a program decides', () => {
    expect(mistakesOf([':INPUT ACCEPT', ':OUTPUT ACCEPT', SSH])).not.toContain('replies-dropped')
    expect(mistakesOf([':OUTPUT ACCEPT', '-A INPUT -s 10.0.0.0/8 -j ACCEPT'])).toEqual([])
    expect(mistakesOf([':OUTPUT ACCEPT', SSH, '-A INPUT -m state --state ESTABLISHED -j NFQUEUE'])).toEqual([])
    expect(mistakesOf([':OUTPUT ACCEPT', SSH, '-A INPUT -m state --state UNTRACKED -j ACCEPT'])).toEqual([])
  })

  it('a DROP at the end is as good as a policy', () => {
    const lines = [':INPUT ACCEPT', ':OUTPUT ACCEPT', SSH, '-A INPUT -j REJECT']
    expect(mistakesOf(lines)).toEqual(['replies-dropped'])
  })
})

describe('open to whoever chooses the right source port', () => {
  it('--sport 53', () => {
    expect(mistakesOf([REPLIES, '-A INPUT -p udp --sport 53 -j ACCEPT'])).toEqual(['open-to-source-port'])
    expect(mistakesOf([REPLIES, '-A INPUT -p udp --sport 5060 -j ACCEPT'])).toEqual(['open-to-source-port'])
  })

  it.each([
    '-p udp --sport 53 -m conntrack --ctstate ESTABLISHED',
    '-p udp --sport 67 --dport 68',
    '-s 192.0.2.53 -p udp --sport 53',
    '-p tcp --sport 1024:65535 --dport 22',
    '-i lo -p udp --sport 53',
  ])('not %s', (rule) => {
    expect(mistakesOf([REPLIES, `-A INPUT ${rule} -j ACCEPT`])).toEqual([])
  })
})

describe('open to whoever sends segments without SYN', () => {
  it.each([
    '! --syn',
    '--sport 80 ! --syn',
    '--tcp-flags ACK ACK',
    '--tcp-flags SYN,RST,ACK ACK',
    '--tcp-flags SYN NONE',
  ])('%s', (flags) => {
    const rule = `-A INPUT -p tcp -m tcp ${flags} -j ACCEPT`
    // Replies come through by it, though.
    expect(mistakesOf([rule])).toEqual(['open-without-syn'])
  })

  it.each([
    '-p tcp -m tcp --syn',
    '-p tcp -m tcp ! --syn -m conntrack --ctstate ESTABLISHED',
    '-s 192.0.2.1 -p tcp -m tcp ! --syn',
    '-p tcp -m tcp --dport 22 ! --syn',
    '-p tcp -m tcp --tcp-flags RST RST',
    '-i lo -p tcp -m tcp ! --syn',
  ])('not %s', (rule) => {
    expect(mistakesOf([REPLIES, `-A INPUT ${rule} -j ACCEPT`])).toEqual([])
  })
})

describe('states where there are none (asked of Linux 6.18 with packets over a device and over lo)', () => {
  const codesIn = (table: string, rule: string): string[] => {
    const text = `*${table}\n${rule}\nCOMMIT\n*filter\nCOMMIT\n`
    return reviewRuleset(parseRuleset(text, 'rules', 'ipv4')).mistakes.map(({ code }) => code)
  }

  it.each(['--ctstate INVALID -j DROP', '--ctstate NEW -j NOTRACK', '! --ctstate INVALID -j ACCEPT'])(
    'raw: %s',
    (rest) => {
      expect(codesIn('raw', `-A PREROUTING -m conntrack ${rest}`)).toEqual(['state-before-tracking'])
    },
  )

  it.each(['-m conntrack --ctstate UNTRACKED -j ACCEPT', '-i lo -m conntrack --ctstate NEW -j ACCEPT', '-j NOTRACK'])(
    'raw, not %s',
    (rest) => {
      expect(codesIn('raw', `-A PREROUTING ${rest}`)).toEqual([])
    },
  )

  it('nat sees first packets only', () => {
    const rule = (states: string): string => `-A POSTROUTING -m conntrack --ctstate ${states} -j MASQUERADE`
    expect(codesIn('nat', rule('ESTABLISHED'))).toEqual(['state-never-in-nat'])
    expect(codesIn('nat', rule('ESTABLISHED,INVALID'))).toEqual(['state-never-in-nat'])
    expect(codesIn('nat', rule('NEW,ESTABLISHED'))).toEqual([])
    expect(codesIn('nat', rule('RELATED'))).toEqual([])
  })
})

describe('what programs of the machine send to each other', () => {
  const saysSo = (...lines: string[]): boolean =>
    reviewOf([REPLIES, ...lines]).mistakes.some(({ code }) => code === 'loopback-dropped')

  it('is dropped', () => {
    expect(saysSo()).toBe(true)
    expect(saysSo('-A INPUT -i eth0 -j ACCEPT')).toBe(true)
    expect(saysSo('-A INPUT -s 10.0.0.0/8 -j ACCEPT')).toBe(true)
    expect(saysSo('-A INPUT ! -i lo -j ACCEPT', '-A INPUT -i lo -p tcp --dport 80 -j ACCEPT')).toBe(true)
  })

  it.each(['-i lo', '-i l+', '! -i eth0', '-s 127.0.0.0/8', '! -s 10.0.0.0/8', '-m conntrack --ctstate NEW'])(
    'is accepted by %s',
    (rule) => {
      expect(saysSo(`-A INPUT ${rule} -j ACCEPT`)).toBe(false)
    },
  )

  it('is accepted in the end', () => {
    expect(saysSo(':INPUT ACCEPT', '-A INPUT -i eth0 -j DROP')).toBe(false)
  })
})

it('INVALID dropped after rules that accept it', () => {
  const drop = '-A INPUT -m conntrack --ctstate INVALID -j DROP'
  expect(mistakesOf([REPLIES, '-A INPUT -p tcp --dport 80 -j ACCEPT', drop])).toEqual(['invalid-accepted'])
  expect(mistakesOf([REPLIES, drop, '-A INPUT -p tcp --dport 80 -j ACCEPT'])).toEqual([])
})

it('what asks for a translated connection does not accept INVALID', () => {
  const drop = '-A INPUT -m conntrack --ctstate INVALID -j DROP'
  const accept = '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT'
  expect(mistakesOf([accept, drop])).not.toContain('invalid-accepted')
  const others = '-A INPUT -s 10.0.0.0/8 -m conntrack ! --ctstate DNAT -j ACCEPT'
  expect(mistakesOf([accept, others, drop])).toContain('invalid-accepted')
})

it('INVALID dropped too late, in a chain that several lead to, is said once', () => {
  const lines = [REPLIES, '-A INPUT -j C', '-A FORWARD -j C', ':C -', '-A C -p icmp -j ACCEPT']
  const drop = '-A C -m conntrack --ctstate INVALID -j DROP'
  expect(mistakesOf([...lines, drop]).filter((code) => code === 'invalid-accepted')).toHaveLength(1)
})

it('RELATED accepted, but no helper', () => {
  expect(mistakesOf(['-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT'])).toEqual(['related-without-helper'])
})

it('neighbour discovery of IPv6 is UNTRACKED', () => {
  expect(mistakesOf([REPLIES], 'ipv6')).toEqual(['neighbour-discovery-dropped'])
  expect(mistakesOf([REPLIES, '-A INPUT -p ipv6-icmp -j ACCEPT'], 'ipv6')).toEqual([])
  expect(mistakesOf([REPLIES, '-A INPUT -p ipv6-icmp --icmpv6-type 135 -j ACCEPT'], 'ipv6')).toEqual([
    'neighbour-discovery-dropped',
  ])
})

it('a table that drops nothing', () => {
  expect(mistakesOf([':INPUT ACCEPT', ':FORWARD ACCEPT', ':OUTPUT ACCEPT', '-A INPUT -p tcp -j ACCEPT'])).toEqual([
    'nothing-dropped',
  ])
})

it('chains without a way to them', () => {
  const review = reviewOf([
    ':A -',
    ':B -',
    ':C -',
    '-A INPUT -j ACCEPT',
    '-A INPUT -j A',
    '-A B -j C',
    '-A OUTPUT -j DROP',
  ])
  expect(review.unused.map(({ chain }) => [chain.chain.name, chain.callers.length])).toEqual([
    ['A', 1],
    ['B', 0],
    ['C', 1],
  ])
})

describe('sets', () => {
  const rule = '-A INPUT -m set --match-set trusted src -j ACCEPT'
  it('that were not given are named', () => {
    expect(reviewOf([rule, rule]).missingSets).toMatchObject([
      { name: 'trusted', rules: [{ number: 1 }, { number: 2 }] },
    ])
  })
  it('options after the name of a set are not names of sets', () => {
    const add = '-A INPUT -j SET --add-set trap src --exist --timeout 3600'
    expect(reviewOf([add]).missingSets.map(({ name }) => name)).toEqual(['trap'])
  })
  it('that were given are not missed', () => {
    expect(reviewOf([rule], 'ipv4', 'create trusted hash:ip family inet\n').missingSets).toEqual([])
  })
})

describe('what a capture can decide', () => {
  it.each([
    ['-p tcp --dport 22 -m conntrack --ctstate NEW', 'exact', []],
    ['-i eth0', 'input', ['--iface', '--in-iface']],
    ['-m addrtype --dst-type LOCAL', 'input', ['--local']],
    ['-m set --match-set trusted src', 'input', ['--ipset']],
    ['-m mac --mac-source 00:00:00:00:00:01', 'capture', ['--assume mac']],
    ['-m statistic --mode random --probability 0.5', 'never', ['--assume statistic']],
    ['-m rateest --rateest none --rateest-gt --rateest-pps 1', 'never', ['--assume rateest']],
    ['-i eth0 -m cpu --cpu 0', 'never', ['--iface', '--in-iface', '--assume cpu']],
  ])('%s: %s', (rule, kind, options) => {
    const { rules, decidability } = reviewOf([`-A INPUT ${rule} -j ACCEPT`])
    expect(decidability.get(rules[0])).toMatchObject({ kind, options })
  })

  it('a rate that a rule measures: capture', () => {
    const measure = '-A INPUT -j RATEEST --rateest-name a --rateest-interval 250ms --rateest-ewmalog 1s'
    const { rules, decidability } = reviewOf([
      '-A INPUT -m rateest --rateest a --rateest-gt --rateest-pps 1 -j DROP',
      measure,
    ])
    expect(decidability.get(rules[0])).toMatchObject({ kind: 'capture', options: ['--assume rateest'] })
  })
})

describe('interfaces that no machine has', () => {
  it('aliases, which are addresses of an interface', () => {
    const [mistake] = reviewOf(['-A INPUT -i eth0:1 -j DROP', '-A INPUT ! -i eth0:2 -j DROP']).mistakes
    expect(mistake).toMatchObject({ code: 'alias-of-interface', level: 'warning' })
    expect(mistake.rules.map(({ rule }) => rule.line)).toEqual([5, 6])
  })

  it('not names without a colon', () => {
    expect(mistakesOf([':INPUT ACCEPT', '-A INPUT -i eth0.1 -j DROP', '-A OUTPUT -o eth+ -j DROP'])).toEqual([])
  })
})
