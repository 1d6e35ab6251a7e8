import type { PerWriter } from '../per-writer.ts'
import { Talk } from '../talk.ts'
import { openRequest } from './h323-channels.ts'
import { at, h245At, OID, terminal, tpkt } from './h323-messages.ts'
import { CALL, ras, rasBack, registration, registrationConfirm, start, timed } from './h323-ras.ts'
import { connect, simpleSetup } from './h323-signalling.ts'
import { A, B, type HelperProbe } from './probe.ts'

type Write = (writer: PerWriter) => PerWriter

const oneCall: Write = (writer) => writer.octets(1).also(at(A, 1720))
const plainVendor: Write = (writer) => writer.bits('0 00 0').octets(9, 0, 0, 61)

/** A registration without extensions, with calls and vendor written otherwise than they should be. */
function garbled(calls: Write, vendor: Write = plainVendor): Uint8Array {
  const writer = start(3)
    .bits('0 000')
    .octets(0, 1)
    .wrapped(...OID)
    .bits('0')
    .also(calls)
  return ras(writer.octets(1).also(at(A, 1719)).also(terminal).also(vendor).bytes())
}

/** A vendor that says it has one extension more than it knew, absent or present. */
const extendedVendor = (present: '0' | '1', ...after: readonly number[]): Write => {
  return (writer) =>
    writer
      .bits('1 00 0')
      .octets(9, 0, 0, 61)
      .bits(`0000000 ${present}`)
      .octets(...after)
}

const changed = (bytes: readonly number[], fromEnd: number, value: number) =>
  bytes.map((byte, i) => (i === bytes.length - fromEnd ? value : byte))

const SIXTEEN_OTHERS = Array.from({ length: 16 }, (_, i) => at('10.0.0.2', 1720 + i))
const CONNECT = connect(at(B, 4000))

/** Messages that are not as they should be, where decoders differ in what they take. */
export const H323_GARBLED: Readonly<Record<string, HelperProbe['packets']>> = {
  'RAS, garbled: a number reaches past its own length': timed([
    [0, ras(changed(registration([at(A, 1720)], 100, { 5: [0x80, 0x80] }), 6, 1))],
    [1, rasBack(registrationConfirm(null))],
    [90, ras([0])],
    [125, ras([0])],
  ]),
  'RAS, garbled: a number longer than the message': timed([
    [0, ras(changed(registration([at(A, 1720)], 100), 2, 0xc0))],
    [1, CALL],
  ]),
  'RAS, garbled: a count ends the message': [
    ras(registration([at(A, 1720)])),
    ras(start(6).bits('0 000').octets(0, 2).octets(0).bytes()),
    CALL,
  ],
  'RAS, garbled: a count with an octet after it': [
    ras(registration([at(A, 1720)])),
    ras(start(6).bits('0 000').octets(0, 2).octets(0, 0).bytes()),
    CALL,
  ],
  'RAS, garbled: ten addresses are looked at': [
    ras(registration([...SIXTEEN_OTHERS.slice(0, 9), at(A, 1720)])),
    ras(registration([...SIXTEEN_OTHERS.slice(0, 10), at(A, 1721)])),
  ],
  'RAS, garbled: a count like that of a fragment': [garbled((writer) => writer.octets(0xc0, 1).also(at(A, 1720)))],
  'RAS, garbled: a count in two octets': [garbled((writer) => writer.octets(0x80, 1).also(at(A, 1720)))],
  'RAS, garbled: a count of far too many': [garbled((writer) => writer.octets(0xbf, 0xff).also(at(A, 1720)))],
  'RAS, garbled: an unknown extension, absent': [garbled(oneCall, extendedVendor('0'))],
  'RAS, garbled: an unknown extension, absent, with its length': [garbled(oneCall, extendedVendor('0', 1, 7))],
  'RAS, garbled: an unknown extension, with a length too long': [garbled(oneCall, extendedVendor('1', 2, 7))],
  'RAS, garbled: the message of number 24': [
    ras(start(24).bits('0').octets(0, 1).bytes()),
    ras(start(31).bits('0').octets(0, 1).bytes()),
  ],
  'RAS, garbled: an address of a kind that there is not': [
    garbled((writer) => writer.octets(2).bits('0 111').also(at(A, 1720))),
    garbled((writer) => writer.octets(2).bits('1 0000000').octets(1, 7).also(at(A, 1720))),
    garbled((writer) => writer.octets(2).bits('1 1000000').octets(1, 7).also(at(A, 1721))),
  ],
  'garbled: a single octet after another element': new Talk(`${A}:1000>${B}:1720`).server(
    tpkt(...CONNECT.slice(0, 9), 0xa1, ...CONNECT.slice(9)),
  ).packets,
  'garbled: five messages in the tunnel': new Talk(`${A}:1000>${B}:1720`).client(
    tpkt(
      ...simpleSetup(null, {
        tunnelled: [0, 1, 2, 3, 4].map((i) => openRequest({ media: h245At(A, 5000 + 2 * i) })),
      }),
    ),
  ).packets,
  'garbled: user information of no bytes': new Talk(`${A}:1000>${B}:1720`)
    .server(tpkt(8, 2, 0x12, 0x34, 7, 0x7e, 0, 0))
    .server(tpkt(8, 2, 0x12, 0x34, 7, 0x7e, 0, 1, 5)).packets,
}
