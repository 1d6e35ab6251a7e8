import { tcp, udp } from '../../../support/packets.ts'
import { PerWriter } from '../per-writer.ts'
import { Talk } from '../talk.ts'
import { at, OID, terminal, tpkt } from './h323-messages.ts'
import { simpleSetup } from './h323-signalling.ts'
import { A, B, type HelperProbe } from './probe.ts'

export const ras = (bytes: readonly number[]) => udp(`${A}:1719>${B}:1719`, { data: Uint8Array.from(bytes) })
export const rasBack = (bytes: readonly number[]) => udp(`${B}:1719>${A}:1719`, { data: Uint8Array.from(bytes) })
export const start = (choice: number) => new PerWriter().bits('0').number(choice, 5)
type Rest = Readonly<Record<number, readonly number[]>>
const timeToLive = (seconds: number) =>
  new PerWriter()
    .bits('00')
    .octets(seconds - 1)
    .bytes()
export const registration = (
  calls: readonly ((writer: PerWriter) => PerWriter)[],
  seconds: number | null = null,
  rest: Rest = {},
) => {
  const writer = start(3)
    .bits(seconds === null ? '0' : '1')
    .bits('000')
    .octets(0, 1)
    .wrapped(...OID)
    .bits('0')
    .octets(calls.length)
  for (const one of calls) writer.also(one)
  writer.octets(1).also(at(A, 1719)).also(terminal).bits('0 00 0').octets(9, 0, 0, 61)
  if (seconds !== null) writer.extensions({ 1: timeToLive(seconds), ...rest })
  return writer.bytes()
}
export const registrationConfirm = (seconds: number | null, rest: Rest = {}) => {
  const writer = start(4)
    .bits(seconds === null ? '0' : '1')
    .bits('000')
    .octets(0, 1)
    .wrapped(...OID)
    .octets(1)
    .also(at(B, 1720))
    .number(1, 7)
    .octets(0, 65, 0, 66)
  if (seconds !== null) writer.extensions({ 1: timeToLive(seconds), ...rest })
  return writer.bytes()
}
const unregistration = start(6).bits('0 000').octets(0, 2).octets(1).also(at(A, 1720)).bytes()
const admissionConfirm = (to: (writer: PerWriter) => PerWriter) =>
  start(10).bits('0 00').octets(0, 3).bits('01').octets(0x10, 0).bits('0 0').also(to).bytes()
const locationConfirm = (to: (writer: PerWriter) => PerWriter) =>
  start(19).bits('0 0').octets(0, 3).also(to).also(at(B, 1719)).bytes()
const gatekeeperConfirm = (to: (writer: PerWriter) => PerWriter) =>
  start(1)
    .bits('0 00')
    .octets(0, 3)
    .wrapped(...OID)
    .also(to)
    .bytes()
export const CALL = tcp(`${B}:2000>${A}:1720`, 'S')

export const timed = (entries: readonly (readonly [number, Uint8Array])[]) =>
  entries.map(([time, bytes]) => ({ bytes, time }))
const OTHER_CALL = tcp(`${B}:2001>${A}:1720`, 'S')

const OTHER = '10.0.0.2'

/** Registration and admission, by name. */
export const H323_RAS: Readonly<Record<string, HelperProbe['packets']>> = {
  'RAS: registration, calls come': [
    ras(registration([at(A, 1720)])),
    rasBack(registrationConfirm(null)),
    CALL,
    OTHER_CALL,
    tcp(`10.9.9.8:1>${A}:1720`, 'S'),
  ],
  'RAS: registration of several addresses': [ras(registration([at(OTHER, 1720), at(A, 1721), at(A, 1722)]))],
  'RAS: registration of somebody else': [ras(registration([at(OTHER, 1720)]))],
  'RAS: registration without addresses': [ras(registration([]))],
  'RAS: registration again': [ras(registration([at(A, 1720)])), ras(registration([at(A, 1720)])), CALL],
  'RAS: unregistration': [ras(registration([at(A, 1720)])), ras(unregistration), CALL],
  'RAS: a called one has the helper': [
    ras(registration([at(A, 1720)])),
    ...new Talk(`${B}:2000>${A}:1720`).client(tpkt(...simpleSetup(at(B, 4000)))).packets,
  ],
  'RAS: admission': [
    ras([0]),
    rasBack(admissionConfirm(at('10.8.8.8', 1720))),
    tcp(`${A}:1>10.8.8.8:1720`, 'S'),
    tcp(`${A}:2>10.8.8.8:1720`, 'S'),
  ],
  'RAS: admission of the called one': [ras([0]), rasBack(admissionConfirm(at(A, 1720)))],
  'RAS: location': [ras([0]), rasBack(locationConfirm(at('10.8.8.8', 1720)))],
  'RAS: gatekeeper elsewhere': [
    ras([0]),
    rasBack(gatekeeperConfirm(at('10.8.8.8', 1719))),
    udp(`${A}:1>10.8.8.8:1719`, { data: Uint8Array.from(registration([at(A, 1720)])) }),
  ],
  'RAS: gatekeeper here': [ras([0]), rasBack(gatekeeperConfirm(at(B, 1719)))],
  'RAS: gatekeeper here at another port': [ras([0]), rasBack(gatekeeperConfirm(at(B, 1720)))],
  'RAS: registration that ends with its time': timed([
    [0, ras(registration([at(A, 1720)], 100))],
    [1, rasBack(registrationConfirm(200))],
    [190, ras([0])],
  ]),
  'RAS: registration holds as long as said': timed([
    [0, ras(registration([at(A, 1720)], 100, { 5: [0x80] }))],
    [1, rasBack(registrationConfirm(200, { 5: [0x80] }))],
    [190, ras([0])],
    [300, ras([0])],
  ]),
  'RAS: registration holds as long as asked for': timed([
    [0, ras(registration([at(A, 1720)], 100, { 5: [0x80] }))],
    [1, rasBack(registrationConfirm(null))],
    [90, ras([0])],
    [125, ras([0])],
    [160, ras([0])],
  ]),
  'RAS: registration holds for five minutes': timed([
    [0, ras(registration([at(A, 1720)]))],
    [1, rasBack(registrationConfirm(null))],
    [290, ras([0])],
  ]),
}
