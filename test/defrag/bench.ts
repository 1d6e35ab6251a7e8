import { SYSCTL_DEFAULTS } from '../../src/conntrack/sysctls.ts'
import { Defragmenter, type DefragOptions } from '../../src/defrag/defragmenter.ts'
import { P_L3_LENGTH, P_L3_OFFSET } from '../../src/wire/packet-fields.ts'
import { decodeToFields, type FrameOptions, rowOf } from '../support/row.ts'

/** A defragmenter with a clock of its own; frames are numbered from 1. */
export class Bench {
  readonly defrag: Defragmenter
  now = 0
  frame = 0

  constructor(options: Partial<DefragOptions> = {}) {
    this.defrag = new Defragmenter({ ...SYSCTL_DEFAULTS, ...options })
  }

  add(packet: Uint8Array, options: FrameOptions = {}, iface = 0): number {
    return this.defrag.add(packet, decodeToFields(packet, options), 0, this.now, ++this.frame, iface)
  }

  addAll(...packets: Uint8Array[]): number[] {
    return packets.map((packet) => this.add(packet))
  }

  get row() {
    return rowOf(this.defrag.fields, this.defrag.base)
  }

  get datagram(): Uint8Array {
    const { bytes, fields } = this.defrag
    return bytes.slice(fields[P_L3_OFFSET], fields[P_L3_OFFSET] + fields[P_L3_LENGTH])
  }
}

/** An IPv4 fragment of `length` payload bytes from `offset` on. */
