import { parseAddress } from '../../../../src/wire/address.ts'
import { be16, be32, concat } from '../../../support/packets.ts'
import type { PerWriter } from '../per-writer.ts'

export const OID = [0, 8, 0x91, 0x4a, 0, 4]
const words = (address: string) => be32(...parseAddress(address).words)

/** TransportAddress of H.225.0. */
export const at = (address: string, port: number) => (writer: PerWriter) =>
  address.includes(':')
    ? writer.bits('0 011 0').octets(...words(address), ...be16(port))
    : writer.bits('0 000').octets(...words(address), ...be16(port))

/** TransportAddress of H.245, unicast. */
export const h245At = (address: string, port: number) => (writer: PerWriter) =>
  address.includes(':')
    ? writer.bits('0 0 0 010 0').octets(...words(address), ...be16(port))
    : writer.bits('0 0 0 000 0').octets(...words(address), ...be16(port))

/** EndpointType: a terminal with a vendor, or a gateway with what it speaks. */
export const terminal = (writer: PerWriter) =>
  writer.bits('0 010001 0 10 0').octets(9, 0, 0, 61).octets(1, 65, 66).bits('0 0 00')
export const gateway = (writer: PerWriter) =>
  writer.bits('0 000100 0 10').octets(2).bits('0 0111 0 0').bits('1 0000000 0').bits('00')

export const tpkt = (...body: readonly number[]) => concat([3, 0], be16(body.length + 4), body)
