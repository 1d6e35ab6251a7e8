import type { TargetExtension } from '../extension.ts'
import { HELPERS } from '../helpers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** Events that ctnetlink tells of; they change nothing that rules see. */
const EVENTS = ['new', 'related', 'destroy', 'reply', 'assured', 'protoinfo', 'helper', 'mark', 'natseqinfo', 'secmark']
const NOT_MODELLED = ['zone', 'zone-orig', 'zone-reply', 'timeout'] as const

/** What the tracker is to do with a packet that it has not yet seen. */
export const ct: TargetExtension = {
  name: 'CT',
  tables: ['raw'],
  options: [
    { name: 'notrack', values: 0 },
    { name: 'helper' },
    { name: 'ctevents' },
    { name: 'expevents' },
    ...NOT_MODELLED.map((name) => ({ name })),
  ],
  parse(options, { protocol }) {
    const refused = NOT_MODELLED.map((name) => options.get(name)).find((use) => use !== undefined)
    if (refused) throw new Refusal(refused.at, `CT --${refused.spec.name} is not supported; take the option out`)
    const notrack = options.get('notrack')
    const helperToken = options.value('helper')
    if (notrack && options.uses.length > 1) throw new Refusal(notrack.at, '--notrack stands alone')
    const helper = helperToken ? parseHelper(helperToken, protocol) : -1
    const words = [
      notrack ? '--notrack' : '',
      helperToken ? `--helper ${helperToken.text}` : '',
      ...['ctevents', 'expevents'].map((name) => printEvents(name, options.value(name))),
    ]
    return {
      print: () => words.filter((word) => word !== '').join(' '),
      action: notrack ? { kind: 'untrack' } : helper >= 0 ? { kind: 'help', helper } : { kind: 'continue' },
    }
  },
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
  parse: () => ({ print: () => '', action: { kind: 'untrack' } }),
}
