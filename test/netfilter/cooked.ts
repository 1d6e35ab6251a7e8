import { be16, be32, concat } from '../support/packets.ts'

const LINKTYPE_LINUX_SLL = 113
const LINKTYPE_LINUX_SLL2 = 276
/** Types of devices (ARPHRD_…). */
const ETHERNET = 1
export const LOOPBACK = 772
const ADDRESS = [2, 0, 0, 0, 0, 1, 0, 0]

interface CookedFrame {
  readonly bytes: Uint8Array
  readonly linkType: number
}

/** A frame of a cooked capture; 0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 sent by us. */
export const cooked = (type: number, packet: Uint8Array, deviceType = ETHERNET): CookedFrame => ({
  bytes: concat(be16(type, deviceType, 6), ADDRESS, etherType(packet), packet),
  linkType: LINKTYPE_LINUX_SLL,
})

/** The same of version 2, which names the device by its number. */
export const cooked2 = (type: number, packet: Uint8Array, device: number, deviceType = ETHERNET): CookedFrame => ({
  bytes: concat(etherType(packet), be16(0), be32(device), be16(deviceType), [type, 6], ADDRESS, packet),
  linkType: LINKTYPE_LINUX_SLL2,
})

const etherType = (packet: Uint8Array): number[] => be16(packet[0] >> 4 === 6 ? 0x86dd : 0x0800)
