import { describe, expect, it, test } from 'vitest'
import type { TimeoutPolicy } from '../../src/conntrack/timeout-policy.ts'
import {
  compileRuleset,
  parseRuleset,
  parseTimeoutPolicies,
  printRuleset,
  RuleMemory,
  TimeoutNames,
} from '../../src/ruleset/index.ts'
import { ENVIRONMENT } from './support.ts'

/** As nfct 1.4.7 printed two policies. */
const LISTED = `.quick = {
	.l3proto = 2,
	.l4proto = 6,
	.policy = {
		.SYN_SENT = 7,
		.ESTABLISHED = 100,
		.UNACKNOWLEDGED = 300,
	},
};
.short6 = {
	.l3proto = 10,
	.l4proto = 17,
	.policy = {
		.UNREPLIED = 5,
		.REPLIED = 9,
	},
};
`
const ADDED = `# made at boot
nfct add timeout quick inet tcp syn_sent 7 established 100 unacknowledged 300
add timeout short6 inet6 udp unreplied 5 replied 9
`
const texts = (policies: readonly TimeoutPolicy[]) =>
  policies.map(({ name, family, protocol, seconds }) => `${name} ${family} ${protocol} ${[...seconds].join(' ')}`)
const errorOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'none'
}

describe('timeout policies', () => {
  const POLICIES = ['quick 4 6 syn_sent,7 established,100 unacknowledged,300', 'short6 6 17 unreplied,5 replied,9']

  it('as nfct lists them', () => expect(texts(parseTimeoutPolicies(LISTED, 'policies'))).toEqual(POLICIES))

  it('as nfct is told to add them', () => expect(texts(parseTimeoutPolicies(ADDED, 'policies'))).toEqual(POLICIES))

  it('the last of a name counts', () => {
    const twice = 'add timeout a inet tcp close 1\nadd timeout a inet tcp close 2\n'
    expect(texts(parseTimeoutPolicies(twice, 'policies'))).toEqual(['a 4 6 close,2'])
  })

  test.each([
    [
      'nfct delete timeout a',
      'policies:1:1: not a timeout policy; write "nfct add timeout NAME inet PROTOCOL STATE SECONDS…"',
    ],
    ['\nadd timeout a ipv4 tcp', 'policies:2:15: "ipv4" is not a family here; write one of inet, inet6'],
    ['\nadd timeout a constructor tcp', 'policies:2:15: "constructor" is not a family here; write one of inet, inet6'],
    ['add timeout a inet udp replied', 'policies:1:24: "replied" needs a number of seconds'],
    ['add timeout a inet udp replied soon', 'policies:1:32: "soon" is not a number of seconds'],
    [
      'add timeout a inet udp close 5',
      'policies:1:24: "close" is not a state of this protocol; write one of unreplied, replied',
    ],
    ['.a = {\n.l3proto = 2,\n};', 'policies:1:1: ".a" has no .l3proto and .l4proto'],
    ['.a = {\n.l4proto = 33,\n};', 'policies:2:12: "33" is no protocol that has timeouts'],
  ])('%s', (text, message) => expect(errorOf(() => parseTimeoutPolicies(text, 'policies'))).toBe(message))
})

describe('-j CT --timeout', () => {
  const rules = (rule: string) => parseRuleset(`*raw\n-A PREROUTING ${rule}\nCOMMIT\n`, 'rules', 'ipv4')
  const policies = parseTimeoutPolicies(`${ADDED}add timeout any inet generic timeout 3`, 'policies')
  const faultOf = (rule: string) =>
    errorOf(() => compileRuleset(rules(rule), ENVIRONMENT, { timeoutPolicies: policies }))

  it('is printed as iptables-save prints it', () => {
    const saved = printRuleset(rules('-p tcp -j CT --timeout quick'))
    expect(saved).toContain('-A PREROUTING -p tcp -j CT --timeout quick\n')
  })

  test.each([
    ['-p tcp -j CT --timeout quick', 'none'],
    ['-p 99 -j CT --timeout any', 'none'],
    ['-p esp -j CT --timeout any', 'none'],
    ['-p tcp -j CT --notrack --timeout missing', 'none'],
    ['-p tcp -j CT --timeout missing', /:2:.*no timeout policy "missing" in --timeout-policies/],
    ['-p udp -j CT --timeout quick', /"quick" is for another protocol/],
    ['-p tcp -j CT --timeout any', /"any" is for another protocol/],
    ['-p udp -j CT --timeout short6', /"short6" is for IPv6/],
    ['-j CT --timeout quick', /--timeout needs a protocol; write -p PROTOCOL/],
    ['! -p udp -j CT --timeout quick', /--timeout needs a protocol/],
    [`-p tcp -j CT --timeout ${'x'.repeat(32)}`, /no timeout policy "x{31}" in/],
  ])('%s: %s', (rule, message) => expect(faultOf(rule)).toMatch(message))

  // iptables-save prints four characters of a name: oracle run with `--timeout short`, saved as `--timeout shor`.
  describe('as iptables-save has cut the name', () => {
    const LONGER = `${ADDED}add timeout shorttcp inet tcp close 1
add timeout shortudp inet udp replied 2
add timeout same-a inet udp replied 3
add timeout same-b inet udp replied 4
add timeout sole inet udp replied 5
add timeout solemn inet udp replied 6
`
    const known = parseTimeoutPolicies(LONGER, 'policies')
    const given = (rule: string, family: 'ipv4' | 'ipv6' = 'ipv4') => {
      const memory = new RuleMemory()
      const text = `*raw\n-A PREROUTING ${rule}\nCOMMIT\n`
      compileRuleset(parseRuleset(text, 'rules', family), ENVIRONMENT, { timeoutPolicies: known, memory })
      return memory.shared(TimeoutNames, '', () => new TimeoutNames([])).policies()[0]?.name
    }

    test.each([
      ['-p tcp -j CT --timeout quic', 'quick'],
      ['-p tcp -j CT --timeout shor', 'shorttcp'],
      ['-p udp -j CT --timeout shor', 'shortudp'],
      ['-p udp -j CT --timeout sole', 'sole'],
      ['-p udp -j CT --timeout solemn', 'solemn'],
    ])('%s: %s', (rule, name) => expect(given(rule)).toBe(name))

    it('for the other family', () => expect(given('-p udp -j CT --timeout shor', 'ipv6')).toBe('short6'))

    test.each([
      ['-p udp -j CT --timeout same', /:2:.*"same" may be any of the timeout policies same-a, same-b/],
      ['-p icmp -j CT --timeout shor', /"shorttcp" is for another protocol/],
      ['-p udp -j CT --timeout sho', /no timeout policy "sho" in/],
      ['-p udp -j CT --timeout short', /no timeout policy "short" in/],
    ])('%s: %s', (rule, message) => expect(errorOf(() => given(rule))).toMatch(message))
  })

  it('is taken unseen where no policies are given', () => {
    expect(errorOf(() => compileRuleset(rules('-p tcp -j CT --timeout missing'), ENVIRONMENT))).toBe('none')
  })
})
