import { P_L3_LENGTH, P_L3_OFFSET } from '../../wire/packet-fields.ts'
import { NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { hex, MASK_ALL, type NumberRange } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { ask, capturedEnd, readWord } from './header-bytes.ts'

/** XT_U32_MAXSIZE: tests, operations in a test, and ranges in a test. */
const MAX = 10
const OPERATORS = ['&', '<<', '>>', '@'] as const

interface Step {
  readonly operator: (typeof OPERATORS)[number]
  readonly number: number
}

interface Test {
  readonly start: number
  readonly steps: readonly Step[]
  readonly ranges: readonly NumberRange[]
}

/** Four bytes of the packet, from its IP header on, masked, shifted, used as an offset, and compared. */
export const u32: MatchExtension = {
  name: 'u32',
  options: [{ name: 'u32', negatable: true }],
  parse(options) {
    const token = options.required('u32')
    const tests = new Parser(token).tests()
    const negated = options.negated('u32')
    return {
      print: () => printOption('u32', `"${tests.map(printTest).join('&&')}"`, negated),
      conditions: () => [ask('u32', (packet) => decide(packet, tests), negated)],
    }
  },
}

/** tests = test ("&&" test)*; test = location "=" ranges; location = number (operator number)*; spaces anywhere. */
class Parser {
  readonly #token: Token
  readonly #words: readonly string[]
  #next = 0

  constructor(token: Token) {
    this.#token = token
    this.#words = token.text.match(/&&|<<|>>|[&@=,:]|[^\s&<>@=,:]+|[<>]/g) ?? []
  }

  tests(): Test[] {
    const tests = [this.#test()]
    while (this.#takes('&&')) tests.push(this.#test())
    if (this.#next < this.#words.length) throw this.#refusal(`"${this.#words[this.#next]}" is not expected here`)
    if (tests.length > MAX) throw this.#refusal(`${tests.length} tests are too many; write at most ${MAX}`)
    return tests
  }

  #test(): Test {
    const start = this.#number()
    const steps: Step[] = []
    const ranges: NumberRange[] = []
    while (!this.#takes('=')) {
      const operator = OPERATORS.find((one) => this.#takes(one))
      if (!operator) throw this.#refusal(`"${this.#words[this.#next] ?? 'the end'}" is not an operator or =`)
      const number = this.#number()
      if ((operator === '<<' || operator === '>>') && number > 31) throw this.#refusal(`${number} bits are too many`)
      steps.push({ operator, number })
    }
    do {
      const low = this.#number()
      ranges.push({ low, high: this.#takes(':') ? this.#number() : low })
    } while (this.#takes(','))
    if (steps.length >= MAX) throw this.#refusal(`a location has at most ${MAX - 1} operators`)
    if (ranges.length > MAX) throw this.#refusal(`a test has at most ${MAX} ranges`)
    return { start, steps, ranges }
  }

  #takes(word: string): boolean {
    if (this.#words[this.#next] !== word) return false
    this.#next++
    return true
  }

  #number(): number {
    const word = this.#words[this.#next++] ?? ''
    const isNumber = /^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.test(word)
    const value = !isNumber ? -1 : /^0[0-7]/.test(word) ? Number.parseInt(word, 8) : Number(word)
    if (value < 0 || value > MASK_ALL) throw this.#refusal(`"${word}" is not a number of 32 bits`)
    return value
  }

  #refusal(text: string): Refusal {
    return new Refusal(this.#token, `${text}; write OFFSET [&MASK|<<N|>>N|@OFFSET]…=LOW[:HIGH][,…] [&&…]`)
  }
}

function printTest({ start, steps, ranges }: Test): string {
  const location = steps.map(({ operator, number }) => `${operator}${hex(number)}`).join('')
  const values = ranges.map(({ low, high }) => (low === high ? hex(low) : `${hex(low)}:${hex(high)}`)).join(',')
  return `${hex(start)}${location}=${values}`
}

function decide(packet: RulePacket, tests: readonly Test[]): number {
  const { fields, base } = packet
  const bytes = packet.edits.visibleBytes(packet)
  const origin = fields[base + P_L3_OFFSET]
  const length = fields[base + P_L3_LENGTH]
  const captured = capturedEnd(packet) - origin
  const isUnknown = (at: number): boolean =>
    at + 4 > captured || packet.edits.isUncertain(packet, origin + at, origin + at + 4)
  for (const { start, steps, ranges } of tests) {
    let at = 0
    let position = start
    if (length < 4 || position > length - 4) return NO
    if (isUnknown(position)) return UNKNOWN
    let value = readWord(bytes, origin + position)
    for (const { operator, number } of steps) {
      switch (operator) {
        case '&':
          value = (value & number) >>> 0
          break
        case '<<':
          value = (value << number) >>> 0
          break
        case '>>':
          value >>>= number
          break
        case '@':
          at += value
          position = number
          if (at > length - 4 || position > length - at - 4) return NO
          if (isUnknown(at + position)) return UNKNOWN
          value = readWord(bytes, origin + at + position)
          break
      }
    }
    if (!ranges.some(({ low, high }) => value >= low && value <= high)) return NO
  }
  return YES
}
