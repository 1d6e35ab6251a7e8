import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCheck } from '../../src/cli/check-command.ts'
import { PLAIN } from '../../src/report/text.ts'
import { temporaryFolder } from '../support/files.ts'

const folder = temporaryFolder()

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

async function check(...args: string[]): Promise<{ status: number; stdout: string }> {
  let stdout = ''
  const status = await runCheck(args, { write: (text: string) => (stdout += text) }, PLAIN)
  return { status, stdout }
}

const home = file('home.v4', [
  '*filter',
  ':INPUT DROP [0:0]',
  ':FORWARD DROP [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  ':OLD - [0:0]',
  '-A INPUT -i lo -j ACCEPT',
  '-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT',
  '-A INPUT -p tcp -j ACCEPT',
  '-A INPUT -p tcp --dport 22 -s 192.0.2.0/24 -j DROP',
  '-A INPUT -m set --match-set trusted src -j ACCEPT',
  '-A INPUT -i eth0 -p udp --sport 53 -j ACCEPT',
  '-A OLD -j DROP',
  'COMMIT',
])
const BASES = ['INPUT', 'FORWARD', 'OUTPUT'].map((base) => `:${base} ACCEPT [0:0]`)
const fine = file('fine.v6', ['*filter', ':INPUT ACCEPT [0:0]', '-A INPUT -s fe80::/10 -j DROP', 'COMMIT'])

describe('check', () => {
  it('says what never matches, what was probably not meant, and what a capture can decide', async () => {
    const { status, stdout } = await check(home)
    expect(status).toBe(0)
    expect(stdout).toBe(
      [
        home,
        '  IPv4, 1 table, 4 chains, 7 rules',
        '',
        'Warnings',
        '  Whoever sends from this source port comes through, to every port: the rule',
        '    does not ask for the state. Replies need only -m conntrack --ctstate',
        '    ESTABLISHED.',
        '    line 11: -A INPUT -i eth0 -p udp --sport 53 -j ACCEPT',
        '',
        'Rules that never match',
        '  line 9 (INPUT rule 4): line 8 takes all that it matches',
        '    line 8: -A INPUT -p tcp -j ACCEPT',
        '    line 9: -A INPUT -p tcp --dport 22 -s 192.0.2.0/24 -j DROP',
        '',
        'Sets that were not given',
        '  trusted: line 10 (--ipset FILE, as ipset save prints it)',
        '',
        'Chains that no packet comes to',
        '  OLD (line 5, 1 rule): no rule leads there',
        '',
        'What a capture can decide',
        '  5 of 7 rules as they are',
        '  1 needs --ipset: line 10',
        '  1 needs --iface: line 11',
        '',
      ].join('\n'),
    )
  })

  it('is content with rules that are fine, and tells their family by the name', async () => {
    const { stdout } = await check(fine)
    expect(stdout).toContain('IPv6, 1 table, 3 chains, 1 rule')
    expect(stdout).toContain('the 1 rule as it is')
    expect(stdout).not.toContain('Warnings')
  })

  it('--json for tools', async () => {
    const [first, second] = JSON.parse((await check('--json', home, fine)).stdout)
    expect(first).toMatchObject({
      file: home,
      family: 'ipv4',
      mistakes: [{ code: 'open-to-source-port', level: 'warning', lines: [11] }],
      unusedChains: [{ table: 'filter', chain: 'OLD', line: 5, rules: 1, callers: [] }],
      missingSets: [{ name: 'trusted', lines: [10] }],
    })
    expect(first.rules[3]).toEqual({
      table: 'filter',
      chain: 'INPUT',
      number: 4,
      line: 9,
      text: '-A INPUT -p tcp --dport 22 -s 192.0.2.0/24 -j DROP',
      canonical: '-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j DROP',
      decided: 'exact',
      options: [],
      missing: null,
      neverMatches: true,
      shadowedBy: { chain: 'INPUT', number: 3, line: 8 },
      shadowedTogetherBy: [],
      shadowedThrough: [],
    })
    expect(second.family).toBe('ipv6')
  })

  it('speaks of one line where it became several rules', async () => {
    const several = file('several.v4', [
      '*filter',
      ':INPUT DROP [0:0]',
      ':FAR - [0:0]',
      ':OUT - [0:0]',
      '-A INPUT -s 10.0.0.0/9,10.128.0.0/9 -j DROP',
      '-A INPUT -s 10.0.0.1,10.0.0.2 -p tcp -j ACCEPT',
      '-A INPUT -s 10.0.0.0/8 -p udp -j ACCEPT',
      '-A FAR -s 10.0.0.1,10.0.0.2 -j OUT',
      '-A FAR -s 10.0.0.3 -j OUT',
      'COMMIT',
    ])
    const { stdout } = await check(several)
    expect(stdout).toContain('  line 6 (2 rules): line 5 takes all that they match\n')
    expect(stdout).toContain('  line 7 (INPUT rule 5): line 5 takes all that it matches\n')
    expect(stdout).toContain('  OUT (line 4, empty): only lines 8-9, out of reach, lead there\n')
  })

  it('--json has what iptables-save says that it left out', async () => {
    const comment = "# Table `filter' is incompatible, use 'nft' tool."
    const [{ warnings }] = JSON.parse((await check('--json', file('nft.v4', [comment]))).stdout)
    expect(warnings[0]).toContain('line 1: iptables-save could not print table filter')
  })

  it('names all rules that together leave nothing to a later one', async () => {
    const halves = file('halves.v4', [
      '*filter',
      ':INPUT DROP [0:0]',
      '-A INPUT -s 10.0.0.0/9 -j DROP',
      '-A INPUT -s 10.128.0.0/9 -j DROP',
      '-A INPUT -s 10.0.0.0/8 -p tcp -j ACCEPT',
      'COMMIT',
    ])
    expect((await check(halves)).stdout).toContain(
      [
        '  line 5 (INPUT rule 3): lines 3-4 together take all that it matches',
        '    line 3: -A INPUT -s 10.0.0.0/9 -j DROP',
        '    line 4: -A INPUT -s 10.128.0.0/9 -j DROP',
        '    line 5: -A INPUT -s 10.0.0.0/8 -p tcp -j ACCEPT',
      ].join('\n'),
    )
    const [{ rules }] = JSON.parse((await check('--json', halves)).stdout)
    expect(rules[2]).toMatchObject({
      neverMatches: true,
      shadowedBy: null,
      shadowedTogetherBy: [{ line: 3 }, { line: 4 }],
    })
  })

  it('--print gives the canonical form only', async () => {
    expect((await check('--print', fine)).stdout).toBe(
      ['*filter', ...BASES, '-A INPUT -s fe80::/10 -j DROP', 'COMMIT', ''].join('\n'),
    )
  })

  it('--ipset gives the sets', async () => {
    const sets = file('sets', ['create trusted hash:ip family inet'])
    expect((await check('--ipset', sets, home)).stdout).not.toContain('Sets that were not given')
    await expect(check('--ipset', sets, '--ipset', sets, home)).rejects.toThrow('the set "trusted" stands in')
  })

  it('--connlabels gives the names of labels', async () => {
    const names = file('connlabel.conf', ['1 known'])
    const rules = file('labels.v4', ['*filter', '-A INPUT -m connlabel --label known -j DROP', 'COMMIT'])
    expect((await check('--connlabels', names, '--print', rules)).stdout).toContain('--label "known"')
    await expect(check(rules)).rejects.toThrow('--connlabels')
    const none = file('none.conf', ['# no names'])
    await expect(check('--connlabels', none, rules)).rejects.toThrow(/none\.conf:1:1: no name of a label/)
  })

  it('--timeout-policies: rules that name others are refused', async () => {
    const policies = file('policies', ['nfct add timeout quick inet tcp established 100'])
    const rules = (name: string): string =>
      file(`${name}.v4`, ['*raw', `-A PREROUTING -p tcp -j CT --timeout ${name}`, 'COMMIT'])
    expect((await check('--timeout-policies', policies, rules('quick'))).status).toBe(0)
    expect((await check(rules('slow'))).status).toBe(0)
    await expect(check('--timeout-policies', policies, rules('slow'))).rejects.toThrow(
      'slow.v4:2:38: there is no timeout policy "slow"',
    )
    await expect(check('--timeout-policies', policies, '--timeout-policies', policies, fine)).rejects.toThrow(
      'only once',
    )
  })

  it('--fail-on-warnings', async () => {
    expect((await check('--fail-on-warnings', home)).status).toBe(1)
    expect((await check('--fail-on-warnings', fine)).status).toBe(0)
  })

  describe('of several files, some wrong', () => {
    const wrong = file('wrong.v4', ['*filter', '-A INPUT -p tcp --dport 99999 -j DROP', 'COMMIT'])
    const other = file('other.v4', ['*filter', '-A INPUT -j NOWHERE', 'COMMIT'])
    const gone = join(folder, 'gone.v4')
    const text = '"99999" is not a port or service of tcp; write 0 to 65535'

    /** What is said of files that are right, and what of others. */
    const both = async (...args: string[]): Promise<{ stdout: string; error: unknown }> => {
      let stdout = ''
      const error = await runCheck(args, { write: (part: string) => (stdout += part) }, PLAIN).catch((thrown) => thrown)
      return { stdout, error }
    }

    it('reports the others, then what is wrong', async () => {
      const { stdout } = await check(fine)
      for (const args of [
        [wrong, fine],
        [fine, wrong],
      ]) {
        expect(await both(...args)).toEqual({ stdout, error: expect.objectContaining({ name: 'RulesetError' }) })
      }
      const { error } = await both(wrong, fine, gone, other)
      expect(String(error)).toMatch(/wrong\.v4:2:25: .*gone\.v4: no such file.*other\.v4:2:13: /s)
    })

    it('--json has the errors in the place of the file', async () => {
      const { stdout, error } = await both('--json', wrong, fine, gone)
      expect(error).toBeInstanceOf(AggregateError)
      const [first, second, third] = JSON.parse(stdout)
      expect(first).toEqual({ file: wrong, errors: [{ file: wrong, line: 2, column: 25, text }] })
      expect(second).toMatchObject({ file: fine, errors: [], family: 'ipv6' })
      const missing = expect.stringContaining('no such file')
      expect(third).toEqual({ file: gone, errors: [{ file: gone, line: null, column: null, text: missing }] })
    })

    it('--print prints no part of the rules', async () => {
      expect(await both('--print', fine, wrong)).toMatchObject({ stdout: '', error: { name: 'RulesetError' } })
    })
  })

  it.each([
    [[], 'which rules?'],
    [['--jsn', fine], "there is no option --jsn; did you mean '--json'?"],
    [['--ipv4', '--ipv6', fine], 'exclude each other'],
    [['--print', '--json', fine], 'exclude each other'],
    [[join(folder, 'nothing')], 'no such file'],
    [['--ipv4', fine], 'fine.v6:3'],
  ])('%j is refused', async (args, message) => {
    await expect(check(...args)).rejects.toThrow(message)
  })

  it('the line that ip6tables-save writes tells the family, then the name, then the addresses', async () => {
    const rule = ['*filter', ':INPUT ACCEPT [0:0]', '-A INPUT -j DROP', 'COMMIT']
    const family = async (name: string, lines: readonly string[]): Promise<unknown> =>
      JSON.parse((await check('--json', file(name, lines))).stdout)[0].family
    expect(await family('a.v4', ['# Generated by ip6tables-save v1.8.9', ...rule])).toBe('ipv6')
    expect(await family('rules6', ['# Generated by iptables-save v1.8.9', ...rule])).toBe('ipv4')
    expect(await family('ip6tables.save', rule)).toBe('ipv6')
    expect(await family('rules', [...rule.slice(0, 2), '-A INPUT -s 2001:db8::/32 -j DROP', 'COMMIT'])).toBe('ipv6')
    expect(await family('rules', rule)).toBe('ipv4')
  })
})
