import { P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC, PACKET_INTS } from '../../wire/packet-fields.ts'

/** A row of header fields that holds nothing but a tuple. */
export class TupleRow {
  readonly #fields = new Int32Array(PACKET_INTS)

  fill(
    family: number,
    protocol: number,
    source: readonly number[],
    destination: readonly number[],
    sourcePort: number,
    destinationPort: number,
  ): Int32Array {
    const fields = this.#fields
    fields[P_FAMILY] = family
    fields[P_PROTOCOL] = protocol
    fields.set(source, P_SRC)
    fields.set(destination, P_DST)
    fields[P_PORTS] = (sourcePort << 16) | destinationPort
    return fields
  }
}
