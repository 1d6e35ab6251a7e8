import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SYSCTL_DEFAULTS, SYSCTLS, sysctlsWith } from '../../src/conntrack/sysctls.ts'

const withOne = (name: string, value: string) => sysctlsWith(new Map([[name, value]]))

describe('sysctls', () => {
  it('are the kernel’s where nothing is said', () => {
    expect(sysctlsWith(new Map())).toEqual(SYSCTL_DEFAULTS)
  })

  it('stand in the README, which messages send to', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').split(/\s+/)
    expect(readme).toEqual(expect.arrayContaining(Object.entries(SYSCTL_DEFAULTS).map(([name, n]) => `${name}=${n}`)))
  })

  it.each(['nf_conntrack_tcp_loose', 'net.netfilter.nf_conntrack_tcp_loose', 'net/netfilter/nf_conntrack_tcp_loose'])(
    '%s sets nf_conntrack_tcp_loose',
    (name) => {
      expect(withOne(name, '0').nf_conntrack_tcp_loose).toBe(0)
    },
  )

  it('those that change nothing here are accepted', () => {
    expect(withOne('nf_conntrack_acct', '1')).toEqual(SYSCTL_DEFAULTS)
  })

  it.each(['', '-1', '1.5', '0x10', '1e3', ' 5', '2147483648', 'on'])('the value %j is refused', (value) => {
    expect(() => withOne('nf_conntrack_udp_timeout', value)).toThrow(
      `--sysctl nf_conntrack_udp_timeout=${value}: the value must be a whole number from 0 to 21474836`,
    )
  })

  it.each([
    ['nf_conntrack_tcp_loose', '2', '0 to 1'],
    ['nf_conntrack_tcp_be_liberal', '5', '0 to 1'],
    ['nf_conntrack_tcp_max_retrans', '256', '0 to 255'],
    ['nf_conntrack_checksum', '2', '0 to 1'],
    ['nf_conntrack_expect_max', '0', '1 to 2147483647'],
    ['nf_conntrack_events', '3', '0 to 2'],
  ])('%s=%s is refused, as by the kernel', (name, value, range) => {
    expect(() => withOne(name, value)).toThrow(`the value must be a whole number from ${range}`)
  })

  it.each(Object.entries(SYSCTLS))('%s takes its default and the ends of its range', (name, range) => {
    expect(range.initial).toBeGreaterThanOrEqual(range.least)
    expect(range.initial).toBeLessThanOrEqual(range.greatest)
    for (const value of [range.least, range.greatest])
      expect(withOne(name, `${value}`)).toMatchObject({ [name]: value })
    for (const value of [range.least - 1, range.greatest + 1])
      expect(() => withOne(name, `${value}`)).toThrow(RangeError)
  })

  it('an unknown name is refused', () => {
    expect(() => withOne('nf_conntrack_tcp_lose', '1')).toThrow(/^--sysctl nf_conntrack_tcp_lose: not a sysctl/)
    expect(() => withOne('tcp_loose', '1')).toThrow(/^--sysctl tcp_loose: not a sysctl/)
    expect(() => withOne('constructor', '1')).toThrow(RangeError)
  })
})
