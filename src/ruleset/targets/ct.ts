import type { TargetExtension } from '../extension.ts'
import { HELPERS } from '../helpers.ts'
import { parseNumber } from '../text/numbers.ts'
import type { Options } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { packTracking, type Tracking } from '../tracking.ts'

/** Events that ctnetlink tells of; they change nothing that rules see. */
const EVENTS = ['new', 'related', 'destroy', 'reply', 'assured', 'protoinfo', 'helper', 'mark', 'natseqinfo', 'secmark']
const ZONES = ['zone', 'zone-orig', 'zone-reply']
const ZONE_MAX = 0xffff
const TIMEOUT_NAME_MAX = 31

/** What the tracker is to do with a packet that it has not yet seen. */
export const ct: TargetExtension = {
  name: 'CT',
  tables: ['raw'],
  options: [
    { name: 'notrack', values: 0 },
    { name: 'helper' },
    { name: 'timeout' },
    { name: 'ctevents' },
    { name: 'expevents' },
    ...ZONES.map((name) => ({ name })),
  ],
  parse(options, { protocol }) {
    const notrack = options.has('notrack')
    const timeout = options.value('timeout')
    if (timeout) checkTimeoutName(timeout, notrack ? -1 : protocol)
    const named = options.value('helper')
    const helperToken = named?.text === '' ? undefined : named
    // Without tracking the kernel never looks for the helper.
    const helper = helperToken && !notrack ? parseHelper(helperToken, protocol) : -1
    const zone = parseZone(options)
    const words = [
      notrack ? '--notrack' : '',
      helperToken ? `--helper ${helperToken.text}` : '',
      timeout ? `--timeout ${timeout.text}` : '',
      ...['ctevents', 'expevents'].map((name) => printEvents(name, options.value(name))),
      zone === null || zone.id === 0 ? '' : `--${zoneOption(zone)} ${zone.id}`,
    ]
    return {
      print: () => words.filter((word) => word !== '').join(' '),
      action: { kind: 'track', tracking: packTracking({ notrack, helper, zone }) },
      ...(timeout && !notrack && { timeout }),
    }
  },
}

/** @param protocol of `-p`; 0 for none, -1 where none is needed */
function checkTimeoutName(name: Token, protocol: number): void {
  if (name.text.length > TIMEOUT_NAME_MAX) {
    throw new Refusal(name, `"${name.text}" is longer than ${TIMEOUT_NAME_MAX} characters; no timeout policy is`)
  }
  if (protocol === 0) throw new Refusal(name, '--timeout needs a protocol; write -p PROTOCOL in the same rule')
}

/** Of several zone options the last one's number counts, in the directions that any of them named. */
function parseZone(options: Options): Tracking['zone'] {
  const uses = options.uses.filter((use) => ZONES.includes(use.spec.name))
  const last = uses.at(-1)?.values[0]
  if (last === undefined) return null
  const named = new Set(uses.map((use) => use.spec.name))
  const both = named.has('zone-orig') === named.has('zone-reply')
  const id = last.text === 'mark' ? 'mark' : parseNumber(last, 0, ZONE_MAX, 'zone')
  return { id, original: both || named.has('zone-orig'), reply: both || named.has('zone-reply') }
}

function zoneOption({ original, reply }: NonNullable<Tracking['zone']>): string {
  return original && reply ? 'zone' : original ? 'zone-orig' : 'zone-reply'
}

function parseHelper(token: Token, protocol: number): number {
  const index = HELPERS.findIndex(({ name }) => name === token.text)
  if (index < 0) {
    throw new Refusal(
      token,
      `"${token.text}" is not a helper; write one of ${HELPERS.map(({ name }) => name).join(', ')}`,
    )
  }
  if (!HELPERS[index].protocols.includes(protocol)) {
    const names = HELPERS[index].protocols.map((number) => (number === 6 ? '-p tcp' : '-p udp'))
    throw new Refusal(token, `the helper ${token.text} needs ${names.join(' or ')} in the same rule`)
  }
  return index
}

function printEvents(option: string, token: Token | undefined): string {
  if (!token) return ''
  const words = token.text.split(',')
  const unknown = words.find((word) => !EVENTS.includes(word))
  if (unknown !== undefined) {
    throw new Refusal(token, `"${unknown}" is not an event; write one or more of ${EVENTS.join(', ')}, with commas`)
  }
  return `--${option} ${EVENTS.filter((event) => words.includes(event)).join(',')}`
}

/** The old name of `CT --notrack`. */
export const notrack: TargetExtension = {
  name: 'NOTRACK',
  tables: ['raw'],
  options: [],
  parse: () => ({
    print: () => '',
    action: { kind: 'track', tracking: packTracking({ notrack: true, helper: -1, zone: null }) },
  }),
}
