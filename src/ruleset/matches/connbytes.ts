import { NO, type PureTest, YES } from '../evaluate/condition.ts'
import type { Match, MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { wholeNumberOf } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

const COUNT_MAX = 2n ** 64n - 1n
const DIRECTIONS = ['original', 'reply', 'both'] as const
const MODES = ['packets', 'bytes', 'avgpkt'] as const

interface ByteRule {
  readonly from: bigint
  readonly to: bigint
  readonly negated: boolean
  readonly direction: (typeof DIRECTIONS)[number]
  readonly mode: (typeof MODES)[number]
}

/** How much a connection has carried, this packet included. */
export const connbytes: MatchExtension = {
  name: 'connbytes',
  options: [{ name: 'connbytes', negatable: true }, { name: 'connbytes-dir' }, { name: 'connbytes-mode' }],
  parse: parseConnbytes,
}

function parseConnbytes(options: Options): Match {
  const token = options.required('connbytes')
  const direction = oneOf(options.required('connbytes-dir'), DIRECTIONS)
  const mode = oneOf(options.required('connbytes-mode'), MODES)
  const range = parseRange(token)
  // iptables passes ! to the kernel by exchanging both numbers, which has no effect if they are equal.
  const negated = options.negated('connbytes') && range.from !== range.to
  const rule: ByteRule = { ...range, negated, direction, mode }
  const printed = range.to === COUNT_MAX || range.to === 0n ? `${range.from}` : `${range.from}:${range.to}`
  const text = `${printOption('connbytes', printed, negated)} --connbytes-mode ${mode} --connbytes-dir ${direction}`
  return {
    print: () => text,
    conditions: () => [{ kind: 'call', label: text, negated: false, create: () => new ByteTest(rule) }],
  }
}

function oneOf<T extends string>(token: Token, names: readonly T[]): T {
  const name = names.find((one) => one === token.text)
  if (name !== undefined) return name
  throw new Refusal(token, `"${token.text}" does not fit here; write ${names.join(', ')}`)
}

function parseRange(token: Token): { from: bigint; to: bigint } {
  const parts = token.text.split(':')
  const number = (text: string, fallback: bigint): bigint => {
    if (text === '') return fallback
    const value = wholeNumberOf(text)
    if (value !== null && value <= COUNT_MAX) return value
    throw new Refusal(token, `"${text}" is not a number of packets or bytes; write 0 to ${COUNT_MAX}`)
  }
  if (parts.length > 2) {
    throw new Refusal(token, `"${token.text}" is not a range; write FROM or FROM:TO`)
  }
  const from = number(parts[0], 0n)
  const to = number(parts[1] ?? '', COUNT_MAX)
  if (from > to) throw new Refusal(token, `the range ${token.text} runs backwards; write the smaller number first`)
  return { from, to }
}

/** A packet without connection never matches, negated or not. */
class ByteTest implements PureTest {
  readonly #from: number
  readonly #to: number
  readonly #rule: ByteRule

  constructor(rule: ByteRule) {
    this.#from = Number(rule.from)
    this.#to = Number(rule.to)
    this.#rule = rule
  }

  test(packet: RulePacket): number {
    if (packet.connection < 0) return NO
    const amount = this.#amount(packet)
    const within = amount >= this.#from && amount <= this.#to
    return within !== this.#rule.negated ? YES : NO
  }

  #amount(packet: RulePacket): number {
    const { connection, connections } = packet
    const { direction, mode } = this.#rule
    const original = direction !== 'reply'
    const reply = direction !== 'original'
    const packets =
      mode === 'bytes'
        ? 0
        : (original ? connections.packets(connection, false) : 0) + (reply ? connections.packets(connection, true) : 0)
    if (mode === 'packets') return packets
    const bytes =
      (original ? connections.bytes(connection, false) : 0) + (reply ? connections.bytes(connection, true) : 0)
    if (mode === 'bytes') return bytes
    return packets === 0 ? 0 : Math.floor(bytes / packets)
  }
}
