import { be16 } from '../../../support/packets.ts'
import { PerWriter } from '../per-writer.ts'
import { gateway, OID, terminal } from './h323-messages.ts'

const q931 = (type: number, user: readonly number[]) => [
  8,
  2,
  0x12,
  0x34,
  type,
  0x28,
  2,
  65,
  66,
  0x7e,
  ...be16(user.length + 1),
  5,
  ...user,
]

interface Signalled {
  readonly extensions?: Readonly<Record<number, readonly number[]>>
  readonly tunnelled?: readonly (readonly number[])[]
}

/** H323-UserInformation with a body of the root. */
export function information(
  body: number,
  write: (writer: PerWriter) => PerWriter,
  { tunnelled }: Signalled = {},
): number[] {
  const writer = new PerWriter().bits('0 0').bits(tunnelled === undefined ? '0 0' : '1 0')
  writer.bits('0').number(body, 3).also(write)
  if (tunnelled !== undefined) {
    const list = [tunnelled.length, ...tunnelled.flatMap((one) => [one.length, ...one])]
    writer.extensions({ 1: [0x80], 2: list })
  }
  return writer.bytes()
}

const extended = ({ extensions }: Signalled) => (extensions === undefined ? '0' : '1')
export const listOf = (...items: readonly (readonly number[])[]) => [
  items.length,
  ...items.flatMap((one) => [one.length, ...one]),
]

export const setup = (control: ((writer: PerWriter) => PerWriter) | null, more: Signalled = {}) =>
  q931(
    5,
    information(
      0,
      (writer) => {
        writer
          .bits(extended(more))
          .bits(control === null ? '0' : '1')
          .bits('110000')
          .wrapped(...OID)
        if (control !== null) writer.also(control)
        // Aliases: three digits, and a name of two letters; the endpoint; two digits.
        writer.octets(2).bits('0 0').number(2, 7).align().number(0x234, 12)
        return withAliases(writer, more)
      },
      more,
    ),
  )

function withAliases(writer: PerWriter, more: Signalled): PerWriter {
  // The third digit ends in the middle of a byte; what follows begins there.
  writer.bits('0 1').octets(1, 0, 65, 0, 66).also(gateway).octets(1).bits('0 0').number(1, 7).align().number(0x45, 8)
  writer
    .bits('0')
    .octets(...Array(16).fill(7))
    .bits('0 00')
    .bits('0 00')
  return more.extensions === undefined ? writer : writer.extensions(more.extensions)
}

export const simpleSetup = (control: ((writer: PerWriter) => PerWriter) | null, more: Signalled = {}) =>
  q931(
    5,
    information(
      0,
      (writer) => {
        writer
          .bits(extended(more))
          .bits(control === null ? '0' : '1')
          .bits('000000')
          .wrapped(...OID)
        if (control !== null) writer.also(control)
        writer
          .also(terminal)
          .bits('0')
          .octets(...Array(16).fill(7))
          .bits('0 00')
          .bits('0 00')
        return more.extensions === undefined ? writer : writer.extensions(more.extensions)
      },
      more,
    ),
  )

export const connect = (control: (writer: PerWriter) => PerWriter, more: Signalled = {}) =>
  q931(
    7,
    information(
      2,
      (writer) => {
        writer
          .bits(extended(more))
          .bits('1')
          .wrapped(...OID)
          .also(control)
          .also(terminal)
          .octets(...Array(16).fill(7))
        return more.extensions === undefined ? writer : writer.extensions(more.extensions)
      },
      more,
    ),
  )

export const proceeding = (body: 1 | 3, control: (writer: PerWriter) => PerWriter) =>
  q931(
    2,
    information(body, (writer) =>
      writer
        .bits('0 1')
        .wrapped(...OID)
        .also(terminal)
        .also(control),
    ),
  )

export const facility = (
  reason: number,
  alternative: ((writer: PerWriter) => PerWriter) | null,
  more: Signalled = {},
) =>
  q931(
    98,
    information(6, (writer) => {
      writer
        .bits(extended(more))
        .bits(alternative === null ? '000' : '100')
        .wrapped(...OID)
      if (alternative !== null) writer.also(alternative)
      writer.bits('0').number(reason, 2)
      return more.extensions === undefined ? writer : writer.extensions(more.extensions)
    }),
  )

export const progress = (control: (writer: PerWriter) => PerWriter) => {
  const body = new PerWriter()
    .bits('0 10000')
    .wrapped(...OID)
    .also(terminal)
    .also(control)
    .bits('0')
    .octets(...Array(16).fill(9))
  return q931(
    3,
    new PerWriter()
      .bits('0 0 0 0')
      .bits('1 0')
      .number(0, 6)
      .wrapped(...body.bytes())
      .bytes(),
  )
}
