import { networkWord } from './byte-view.ts'
import { LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 } from './link-layer.ts'

/** The type of the loopback device (if_arp.h). */
const ARPHRD_LOOPBACK = 772

/** Whether a cooked frame, whose header begins at `at`, was seen on the loopback device; false for any other frame. */
export function isOverLoopback(bytes: Uint8Array, at: number, linkType: number): boolean {
  if (linkType !== LINKTYPE_LINUX_SLL && linkType !== LINKTYPE_LINUX_SLL2) return false
  const type = at + (linkType === LINKTYPE_LINUX_SLL ? 2 : 8)
  return ((bytes[type] << 8) | bytes[type + 1]) === ARPHRD_LOOPBACK
}

/** The index of the device that a cooked frame of version 2, whose header begins at `at`, was seen on. */
export function cookedDevice(bytes: Uint8Array, at: number): number {
  return networkWord(bytes, at + 4)
}
