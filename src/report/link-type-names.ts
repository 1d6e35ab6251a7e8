import { LINK_TYPE_NONE } from '../capture/frame-batch.ts'

/** Names of common link types (https://www.tcpdump.org/linktypes.html). */
const NAMES: Readonly<Record<number, string>> = {
  [LINK_TYPE_NONE]: 'records without a packet',
  0: 'BSD loopback',
  1: 'Ethernet',
  6: 'Token Ring',
  7: 'ARCNET',
  8: 'SLIP',
  9: 'PPP',
  10: 'FDDI',
  50: 'PPP over HDLC',
  51: 'PPPoE',
  100: 'ATM',
  101: 'raw IP',
  104: 'Cisco HDLC',
  105: 'IEEE 802.11',
  107: 'Frame Relay',
  108: 'OpenBSD loopback',
  109: 'OpenBSD enc',
  113: 'Linux cooked (SLL)',
  117: 'OpenBSD pflog',
  119: 'IEEE 802.11, Prism',
  127: 'IEEE 802.11, radiotap',
  143: 'DOCSIS',
  187: 'Bluetooth HCI',
  189: 'USB',
  192: 'PPI',
  195: 'IEEE 802.15.4',
  220: 'USB (Linux)',
  228: 'raw IPv4',
  229: 'raw IPv6',
  239: 'NFLOG',
  249: 'USBPcap',
  253: 'Netlink',
  276: 'Linux cooked (SLL2)',
}

/** The name, or `link type 147`. */
export function linkTypeName(linkType: number): string {
  return NAMES[linkType] ?? `link type ${linkType}`
}
