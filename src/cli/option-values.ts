import { parseHelperOption } from '../conntrack/helpers/ports-option.ts'
import type { HelperPort } from '../conntrack/helpers/registry.ts'
import { isKnownSysctl, plainName, SYSCTL_DEFAULTS, sysctlsWith } from '../conntrack/sysctls.ts'
import type { InterfaceOption } from '../netfilter/interfaces.ts'
import { MATCHES } from '../ruleset/matches/registry.ts'
import { closest } from '../ruleset/text/closest.ts'
import { parsePrefix } from '../wire/address.ts'
import { UsageError } from './exit-codes.ts'
import { didYouMean, nearest } from './nearest.ts'

/** Linux's IFNAMSIZ without the final zero byte. */
const INTERFACE_NAME_MAX = 15

/** `--local ADDR[/LEN][,…]`, as often as given. */
export function localAddresses(values: readonly string[]): string[] {
  return values.flatMap((value) => networks('--local', value))
}

/** `--iface NAME=CIDR[,CIDR]`, as often as given. */
export function interfaceNetworks(values: readonly string[]): InterfaceOption[] {
  return values.map((value) => {
    const [name, list] = splitPair('--iface', value, 'NAME=CIDR[,CIDR], like eth0=10.0.0.0/8')
    return { name: interfaceName('--iface', name), networks: networks('--iface', list) }
  })
}

/** @param option as the user wrote it, for the message */
export function interfaceName(option: string, name: string): string {
  if (name.endsWith('+')) {
    throw new UsageError(`${option}: '${name}' is a pattern of rules; name one interface, like eth0`)
  }
  if (name === '' || name.length > INTERFACE_NAME_MAX || /[\s/]/.test(name)) {
    throw new UsageError(
      `${option}: '${name}' is not the name of an interface: 1 to ${INTERFACE_NAME_MAX} characters, no blank, no slash`,
    )
  }
  return name
}

/** A limit against typing errors: each thread has memory of its own. */
const THREADS_MAX = 64

/** `--threads N`. */
export function threadCount(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (!/^[1-9]\d?$/.test(value) || Number(value) > THREADS_MAX) {
    throw new UsageError(`--threads: '${value}' is not a number of threads from 1 to ${THREADS_MAX}`)
  }
  return Number(value)
}

/** `--sysctl NAME=N`, as often as given. */
export function sysctlSettings(values: readonly string[]): ReadonlyMap<string, string> {
  const settings = new Map<string, string>()
  const byPlainName = new Map<string, string>()
  for (const value of values) {
    const [name, number] = splitPair('--sysctl', value, 'NAME=N, like nf_conntrack_tcp_loose=0')
    const plain = plainName(name)
    const before = byPlainName.get(plain) ?? number
    if (before !== number) throw new UsageError(`--sysctl ${name} is given as ${before} and as ${number}; take one out`)
    byPlainName.set(plain, number)
    settings.set(name, number)
  }
  for (const name of settings.keys()) {
    if (!isKnownSysctl(name)) {
      throw new UsageError(
        `--sysctl ${name}: not a sysctl that the replay knows${nearestSysctl(name)}; README.md lists them all`,
      )
    }
  }
  try {
    sysctlsWith(settings)
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
  return settings
}

/** The likely sysctl. Compared without the beginning that nearly all names share, which may be missing. */
function nearestSysctl(name: string): string {
  const withoutBeginning = (full: string): string => full.replace(/^(net[./]netfilter[./])?nf_conntrack_/, '')
  const short = closest(withoutBeginning(name), Object.keys(SYSCTL_DEFAULTS).map(withoutBeginning))
  const meant = Object.keys(SYSCTL_DEFAULTS).find((full) => withoutBeginning(full) === short)
  return meant === undefined ? '' : didYouMean(meant)
}

/** `--helper auto|PROTO/PORT=NAME`, as often as given. A named port may also be the usual port of another helper. */
export function helperPorts(values: readonly string[]): HelperPort[] {
  const named = new Map<string, string>()
  return values.flatMap((value) => {
    const ports = helperPortsOf(value)
    if (value === 'auto') return ports
    for (const { protocol, port, helper } of ports) {
      const other = named.get(`${protocol}/${port}`)
      if (other !== undefined && other !== helper) {
        throw new UsageError(`--helper ${value}: the port has the ${other} helper already; take one out`)
      }
      named.set(`${protocol}/${port}`, helper)
    }
    return ports
  })
}

function helperPortsOf(value: string): readonly HelperPort[] {
  try {
    return parseHelperOption(value)
  } catch (error) {
    throw new UsageError(`--helper ${messageOf(error)}`)
  }
}

/** `--assume MATCH=yes|no`, as often as given. */
export function assumptions(values: readonly string[]): ReadonlyMap<string, boolean> {
  const answers = new Map<string, boolean>()
  for (const value of values) {
    const [name, answer] = splitPair('--assume', value, 'MATCH=yes or MATCH=no, like owner=yes')
    if (!ASSUMABLE.has(name)) {
      throw new UsageError(`--assume ${name}: there is no match or target of that name${nearest(name, [...ASSUMABLE])}`)
    }
    if (answer !== 'yes' && answer !== 'no') {
      throw new UsageError(`--assume ${value}: the answer must be yes or no`)
    }
    if (answers.get(name) === (answer === 'no')) {
      throw new UsageError(`--assume ${name} is answered both yes and no; take one out`)
    }
    answers.set(name, answer === 'yes')
  }
  return answers
}

/** What `--assume` may name: matches, `-i` and `-o`, and targets that hand packets to programs (yes: they accept). */
const ASSUMABLE: ReadonlySet<string> = new Set([
  ...MATCHES.map((match) => match.name),
  'in-interface',
  'out-interface',
  'NFQUEUE',
  'QUEUE',
  'TPROXY',
])

function networks(option: string, list: string): string[] {
  return list.split(',').map((text) => {
    try {
      parsePrefix(text)
    } catch (error) {
      throw new UsageError(`${option}: ${messageOf(error)}`)
    }
    return text
  })
}

function splitPair(option: string, value: string, form: string): [string, string] {
  const at = value.indexOf('=')
  if (at < 1 || at === value.length - 1) throw new UsageError(`${option} '${value}': write ${form}`)
  return [value.slice(0, at), value.slice(at + 1)]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
