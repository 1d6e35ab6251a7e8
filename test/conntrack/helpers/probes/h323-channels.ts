import { PerWriter } from '../per-writer.ts'

interface Channel {
  readonly media?: (writer: PerWriter) => PerWriter
  readonly control?: (writer: PerWriter) => PerWriter
}

const parameters = ({ media, control }: Channel) => {
  const writer = new PerWriter()
    .bits('0')
    .bits(`00${media ? 1 : 0}0${control ? 1 : 0}00000`)
    .octets(1)
  if (media) writer.also(media)
  if (control) writer.also(control)
  return writer.bytes()
}

/** Audio in G.711 (20 frames). */
export const g711 = (writer: PerWriter) => writer.bits('0 011').bits('0 0001').octets(19)
export const g7231 = (writer: PerWriter) => writer.bits('0 011').bits('0 1000').octets(19).bits('1')
export const h261 = (writer: PerWriter) =>
  writer.bits('0 010').bits('0 001').bits('0 11').bits('01 10').bits('1').octets(0x10, 0).bits('0')
export const h263 = (writer: PerWriter) =>
  writer
    .bits('0 010')
    .bits('0 011')
    .bits('0 0110000')
    .number(3, 5)
    .number(1, 5)
    .bits('01')
    .octets(0x10, 0)
    .bits('00000')
export const genericAudio = (writer: PerWriter) => writer.bits('0 011').bits('1 0').number(9, 6).wrapped(1, 2, 3)
export const t120Stack = (writer: PerWriter) =>
  writer.bits('0 100').bits('0').bits('0 0001').bits('1 0').number(3, 6).wrapped(0).bits('01').octets(0x10, 0)

const openAfter = (
  prefix: string,
  forward: Channel,
  dataType: (writer: PerWriter) => PerWriter = g711,
  reverse: Channel | null = null,
  stack: ((writer: PerWriter) => PerWriter) | null = null,
) => {
  const writer = new PerWriter()
    .bits(prefix)
    .bits(stack === null ? '0' : '1')
    .bits(reverse === null ? '0' : '1')
    .octets(0, 1)
    .bits('0 0')
    .also(dataType)
  writer
    .bits('1 0')
    .number(0, 6)
    .wrapped(...parameters(forward))
  if (reverse !== null)
    writer
      .bits('0 1')
      .also(dataType)
      .bits('1 0')
      .number(0, 6)
      .wrapped(...parameters(reverse))
  if (stack !== null) {
    writer.extensions({ 0: new PerWriter().bits('0 00').bits('0 10').also(stack).bits('0').bytes() })
  }
  return writer
}
type OpenArguments = Parameters<typeof openAfter> extends [string, ...infer Rest] ? Rest : never
export const open = (...args: OpenArguments) => openAfter('', ...args)
export const openRequest = (...args: OpenArguments) => openAfter('0 00 0 0011', ...args).bytes()

export const acknowledged = (channel: Channel, reverse: Channel | null = null) => {
  const writer = new PerWriter()
    .bits('0 01 0 00101')
    .bits('1')
    .bits(reverse === null ? '0' : '1')
    .octets(0, 1)
  if (reverse !== null)
    writer
      .bits('0 01')
      .octets(0, 1)
      .bits('1 0')
      .number(0, 6)
      .wrapped(...parameters(reverse))
  const { media, control } = channel
  const ack = new PerWriter()
    .bits('0')
    .bits('0')
    .bits(`01${media ? 1 : 0}${control ? 1 : 0}0`)
    .number(0, 8)
  if (media) ack.also(media)
  if (control) ack.also(control)
  return writer.extensions({ 1: ack.bytes() }).bytes()
}
