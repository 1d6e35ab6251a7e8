import { PROTO_TCP } from '../../wire/protocols.ts'
import { ATTACHABLE_HELPERS, type HelperInfo } from '../attachable-helpers.ts'
import type { TargetExtension } from '../extension.ts'
import type { Family } from '../packet/rule-environment.ts'
import { packTracking, type Tracking } from '../packet/tracking.ts'
import { parseNumber } from '../text/numbers.ts'
import type { Options } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** Events that ctnetlink reports; they do not affect rules. */
const EVENTS = ['new', 'related', 'destroy', 'reply', 'assured', 'protoinfo', 'helper', 'mark', 'natseqinfo', 'secmark']
const ZONES = ['zone', 'zone-orig', 'zone-reply']
const ZONE_MAX = 0xffff
/** iptables keeps that much. */
const TIMEOUT_NAME_MAX = 31
const HELPER_NAME_MAX = 15

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
  parse(options, { protocol, family }) {
    const notrack = options.has('notrack')
    const timeout = timeoutName(options)
    if (timeout && !notrack && protocol === 0) {
      throw new Refusal(timeout, '--timeout needs a protocol; write -p PROTOCOL in the same rule')
    }
    const named = options.value('helper')
    const helperToken = named?.text === '' ? undefined : named
    // With --notrack the kernel never looks for the helper.
    const helper = helperToken && !notrack ? parseHelper(helperToken, protocol, family) : -1
    const zone = parseZone(options)
    const words = [
      notrack ? '--notrack' : '',
      helperToken ? `--helper ${helperToken.text.slice(0, HELPER_NAME_MAX)}` : '',
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

function timeoutName(options: Options): Token | undefined {
  const token = options.value('timeout')
  return token === undefined || token.text === ''
    ? undefined
    : { ...token, text: token.text.slice(0, TIMEOUT_NAME_MAX) }
}

/** Of several zone options `mark` counts, else the last one's number, in the directions that any of them named. */
function parseZone(options: Options): Tracking['zone'] {
  const uses = options.uses.filter((use) => ZONES.includes(use.spec.name))
  if (uses.length === 0) return null
  const named = new Set(uses.map((use) => use.spec.name))
  const both = named.has('zone-orig') === named.has('zone-reply')
  const ids = uses.map(({ values: [token] }) =>
    token.text === 'mark' ? 'mark' : parseNumber(token, 0, ZONE_MAX, 'zone'),
  )
  const id = ids.includes('mark') ? 'mark' : ids[ids.length - 1]
  return { id, original: both || named.has('zone-orig'), reply: both || named.has('zone-reply') }
}

function zoneOption({ original, reply }: NonNullable<Tracking['zone']>): string {
  return original && reply ? 'zone' : original ? 'zone-orig' : 'zone-reply'
}

function parseHelper(token: Token, protocol: number, family: Family): number {
  const isKnown = ({ ipv4Only }: HelperInfo): boolean => family === 'ipv4' || !ipv4Only
  const index = ATTACHABLE_HELPERS.findIndex((helper) => helper.name === token.text && isKnown(helper))
  if (index < 0) {
    const names = ATTACHABLE_HELPERS.filter(isKnown).map(({ name }) => name)
    throw new Refusal(
      token,
      `"${token.text}" is not a helper${family === 'ipv6' ? ' of IPv6' : ''}; write one of ${names.join(', ')}`,
    )
  }
  if (!ATTACHABLE_HELPERS[index].protocols.includes(protocol)) {
    const names = ATTACHABLE_HELPERS[index].protocols.map((number) => (number === PROTO_TCP ? '-p tcp' : '-p udp'))
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
