import { HELPERS } from '../conntrack/helpers/registry.ts'

import { assumableNames, linesAsking, type ParsedRuleset, timeoutNamesIn } from '../ruleset/index.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import { IP_V4, IP_V6 } from '../wire/packet-fields.ts'
import { count, counted, firstOf } from './count-text.ts'
import type { Copies } from './inference/copies.ts'
import type { Inference } from './inference/inference.ts'
import type { MachinePlace, MachineSettings } from './machine-for.ts'
import { hintOfHost, hintOfRouter } from './machine-of-rules.ts'
import { interfaceWarnings, NAMES_SHOWN, type NamedInterfaces } from './named-interfaces.ts'
import type { Tally } from './tally.ts'
import type { Mode } from './topology.ts'

/** Where more than this share of the frames is late, the capture was put together out of order, as of two interfaces. */
const MUCH_DISORDER = 0.01

/** The options of the replay that the sentences depend on. */
type Asked = Pick<MachineSettings, 'rules' | 'rules6' | 'assume' | 'timeoutPolicies' | keyof NamedInterfaces> & {
  readonly mode?: Mode | undefined
  readonly local: readonly string[]
}

/** What was assumed: a sentence for each assumption, with the option that overrides it. */
export function assumptionsOf(
  options: Asked,
  { mode, local, checksumsUnreliable }: MachinePlace,
  inference: Inference,
  copies: Pick<Copies, 'copies' | 'forwarded'> | null,
  tally: Tally,
  familyFrames: Float64Array,
): string[] {
  const sentences: string[] = []
  const hasDatagrams = familyFrames[IP_V4] + familyFrames[IP_V6] > 0
  const isInferred = options.mode === undefined || (local.length > 0 && options.local.length === 0)
  if (hasDatagrams && isInferred) {
    const why = options.local.length > 0 ? '--local names its addresses' : inference.because
    sentences.push(`The rules run on ${machineText(mode, local)}: ${why} (${overriddenBy(mode, inference)}).`)
    const given = [options.rules, options.rules6].filter((ruleset) => ruleset !== undefined)
    if (mode === 'router') sentences.push(...hintOfHost(given))
    else if (isFromCounts(options, inference)) sentences.push(...hintOfRouter(given, options))
  }
  if (copies === null && inference.copies > 0) sentences.push(keptCopiesText(inference))
  if (copies !== null && copies.copies > 0) sentences.push(skippedCopiesText(copies, mode))
  const timeouts = options.timeoutPolicies ? [] : [options.rules, options.rules6].flatMap(timeoutsOf)
  if (timeouts.length > 0) {
    sentences.push(
      `Connections that rules give the timeouts of ${[...new Set(timeouts)].join(', ')} live as long as all others: what ` +
        'these are is not known (--timeout-policies FILE).',
    )
  }
  sentences.push(...[options.rules, options.rules6].flatMap(kernelZoneText))
  if (!options.assume.has('policy')) sentences.push(...[options.rules, options.rules6].flatMap(policyText))
  if (checksumsUnreliable) {
    sentences.push(
      `Checksums mean nothing here, so none is held against a packet: ${inference.checksumsWrong} of the first ` +
        `${inference.checksumsSeen} are wrong (--checksum verify).`,
    )
  } else if (tally.checksumsForgiven > 0) {
    const frames = counted(tally.checksumsForgiven, 'frame has', 'frames have')
    sentences.push(`${frames} a checksum left for the network card to fill in; taken as good (--checksum verify).`)
  }
  return sentences
}

function machineText(mode: Mode, local: readonly string[]): string {
  if (mode === 'host') return `the host ${local.join(' and ')}`
  return local.length > 0
    ? `a router whose own addresses are ${local.join(' and ')}`
    : 'a router between the ends of the traffic'
}

/** Where the capture shows that the machine forwards, it is no host. */
function overriddenBy(mode: Mode, { forwards }: Inference): string {
  return mode === 'host' || forwards ? '--mode, --local' : '--mode host --local ADDR'
}

function keptCopiesText({ copies, datagrams }: Inference): string {
  return `${count(copies)} of the first ${count(datagrams)} datagrams show packets once more, on the way out or on another device, as tcpdump -i any does; each counts as a packet of its own (--copies skip).`
}

function skippedCopiesText({ copies, forwarded }: Pick<Copies, 'copies' | 'forwarded'>, mode: Mode): string {
  const frames = counted(copies, 'frame shows its packet', 'frames show their packets')
  const going = forwarded > 0 ? ` (${count(forwarded)} on the way out)` : ''
  const hint = forwarded > 0 && mode === 'host' ? '; the machine forwards, so --mode router may be right' : ''
  return `${frames} once more${going}; rules meet a packet once, so they are left out${hint} (--copies keep).`
}

/** Whether the machine is taken for a host only since an address is on many frames. */
function isFromCounts({ mode, local }: Asked, { marked }: Inference): boolean {
  return mode === undefined && local.length === 0 && marked === 0
}

function timeoutsOf(rules: ParsedRuleset | undefined): readonly string[] {
  return rules === undefined ? [] : timeoutNamesIn(rules)
}

function kernelZoneText(rules: ParsedRuleset | undefined): readonly string[] {
  const lines = rules === undefined ? [] : linesAsking(rules, ({ match }) => match.asksForKernelZone === true)
  if (lines.length === 0) return []
  const asking = askingText(lines)
  return [`--kerneltz: the kernel's time zone is taken as UTC, as it is unless something has set it; ${asking} for it.`]
}

function policyText(rules: ParsedRuleset | undefined): readonly string[] {
  const lines = rules === undefined ? [] : linesAsking(rules, ({ name }) => name === 'policy')
  if (lines.length === 0) return []
  return [
    `No packet is taken as protected by IPsec, which a capture does not show; ${askingText(lines)} for it (-m policy, --assume policy=yes).`,
  ]
}

function askingText([line, ...others]: readonly number[]): string {
  return others.length === 0 ? `line ${line} asks` : `line ${line} and ${counted(others.length, 'more', 'more')} ask`
}

/** What makes the results less reliable than they look: a sentence each, with what to do about it. */
export function warningsOf(
  options: Asked,
  tally: Tally,
  ruleset4: CompiledRuleset | null,
  ruleset6: CompiledRuleset | null,
  familyFrames: Float64Array,
  frames: number,
): string[] {
  const sentences = [...(ruleset4?.warnings ?? []), ...(ruleset6?.warnings ?? [])]
  if (tally.framesBackInTime > 0) sentences.push(disorderWarning(tally.framesBackInTime, frames))
  const { evicted, fullDrops, fullSinceNs, hostsWhenFull } = tally
  if (evicted + fullDrops > 0) {
    const hosts = hostsWhenFull.map(({ address, connections }) => `${address} (${count(connections)})`).join(', ')
    sentences.push(
      `The connection table was full from second ${(fullSinceNs / 1e9).toFixed(3)} of the capture on (nf_conntrack_max): ` +
        `${count(evicted)} connections without ASSURED were pushed out and ${count(fullDrops)} packets dropped; which ones a kernel ` +
        `takes is chance. Most connections were opened by ${hosts} (--sysctl nf_conntrack_max=N).`,
    )
  }
  sentences.push(...helperWarnings(tally))
  if (tally.unsureTranslations.count > 0) sentences.push(translationWarning(tally.unsureTranslations))
  if (tally.guessedAddress !== null) sentences.push(guessWarning(tally.guessedAddress))
  sentences.push(...familyWarnings(options, familyFrames), ...addressWarnings(options, tally, familyFrames))
  sentences.push(...interfaceWarnings([ruleset4, ruleset6], options), ...idleAssumptions(options))
  return sentences
}

/** @param late frames whose time is before that of an earlier frame */
function disorderWarning(late: number, frames: number): string {
  if (late > frames * MUCH_DISORDER) {
    const verb = late === 1 ? 'is' : 'are'
    return `${count(late)} of ${counted(frames, 'frame')} ${verb} out of order, which can make states and verdicts wrong: sort the file first (reordercap FILE SORTED).`
  }
  const are = counted(late, 'frame is', 'frames are')
  const them = late === 1 ? 'it' : 'them'
  return `${are} older than a frame before; the clock stood still for ${them} (reordercap sorts a capture).`
}

/** Warnings about a family with packets but no rules or no address of the host, or with rules but no packets. */
function familyWarnings({ rules, rules6, mode, local }: Asked, familyFrames: Float64Array): string[] {
  const seen4 = familyFrames[IP_V4] > 0
  const seen6 = familyFrames[IP_V6] > 0
  const sentences: string[] = []
  if (seen6 && rules && !rules6) sentences.push('No IPv6 rules were given (--rules6): IPv6 packets are accepted.')
  if (seen4 && rules6 && !rules) sentences.push('No IPv4 rules were given (--rules): IPv4 packets are accepted.')
  if (seen6 && rules && !seen4) sentences.push('There is no IPv4 packet: the rules of --rules decide nothing.')
  if (seen4 && rules6 && !seen6) sentences.push('There is no IPv6 packet: the rules of --rules6 decide nothing.')
  if (local.length > 0 && mode !== 'router') {
    const hasV6 = local.some((address) => address.includes(':'))
    const hasV4 = local.some((address) => !address.includes(':'))
    if (seen4 && !hasV4) sentences.push(withoutAddress('IPv4'))
    if (seen6 && !hasV6) sentences.push(withoutAddress('IPv6'))
  }
  return sentences
}

/**
 * Warnings about a host none of whose given addresses is on any packet of their family: probably a typing error. Of
 * several addresses, and on a router, some may be silent.
 */
function addressWarnings({ mode, local }: Asked, tally: Tally, familyFrames: Float64Array): string[] {
  if (mode === 'router') return []
  return [IP_V4, IP_V6].flatMap((family) => {
    const given = local.filter((address) => address.includes(':') === (family === IP_V6))
    const unmet = tally.unmetAddresses[family]
    if (given.length === 0 || unmet.length < given.length || familyFrames[family] === 0) return []
    const name = family === IP_V4 ? 'IPv4' : 'IPv6'
    return `No packet is from or to ${firstOf(unmet, NAMES_SHOWN)} (--local), so that this host sees no ${name} packet but those for all.`
  })
}

/** Warnings about what `--assume` names and no rule has. */
function idleAssumptions({ assume, rules, rules6 }: Asked): string[] {
  if (assume.size === 0) return []
  const names = [rules, rules6].map((ruleset) => (ruleset ? assumableNames(ruleset) : new Set()))
  const idle = [...assume.keys()].filter((name) => names.every((known) => !known.has(name)))
  return idle.map((name) => `--assume ${name} settles nothing: no rule has it.`)
}

function withoutAddress(family: string): string {
  return `--local names no ${family} address, so that this host sees no ${family} packet but those for all.`
}

function translationWarning({ count: connections, first }: Tally['unsureTranslations']): string {
  const verb = connections === 1 ? 'it is taken as it is' : 'they are taken as they are'
  return (
    `The source of ${counted(connections, 'connection')} may have been translated, which the capture does not tell; ${verb}, so that ` +
    `answers to another address are NEW. First by ${first}.`
  )
}

function guessWarning({ chosen, others }: NonNullable<Tally['guessedAddress']>): string {
  const may = counted(others, 'other own address', 'other own addresses')
  return (
    `Rules that translate to an address of the machine took ${chosen}, though ${may} may be on the same interface: give the one ` +
    'that the machine uses there first (--local), or the networks of all interfaces (--iface).'
  )
}

/**
 * Warnings about packets that helpers could not read, and about connections that missing helpers would have announced.
 */
function helperWarnings({ missedByHelper, blindPackets }: Tally): string[] {
  const sentences: string[] = []
  for (const [number, missed] of missedByHelper.entries()) {
    if (missed === 0) continue
    const { name } = HELPERS[number]
    sentences.push(
      `${counted(missed, 'connection')} would have been RELATED with the ${name} helper: --helper auto, or -j CT --helper ${name} in the ` +
        'raw table.',
    )
  }
  if (blindPackets > 0) {
    sentences.push(
      `The capture cut ${counted(blindPackets, 'packet')} that a helper would have read (snap length): connections announced there are NEW ` +
        'here, and may have been RELATED.',
    )
  }
  return sentences
}
