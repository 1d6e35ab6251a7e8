import type { SetFile } from './ipset-tools.ts'

/** Words for one part of an element: valid, unusual and invalid ones. */
type Words = readonly string[]

/** The words of a text, and the empty word. */
function words(text: string): Words {
  return ['', ...text.trim().split(/\s*\n\s*|\s+/)]
}

const IPV4 = words(`
  10.0.0.1 0.0.0.0 255.255.255.255 10.0.0.1/32 10.0.0.1/30 10.0.0.0/24 10.0.0.0/31 0.0.0.0/1 10.0.0.0/0 0.0.0.0/0
  10.0.0.0/33 10.0.0.0/ 10.0.0.0/x 10.0.0.0/08 10.0.0.0/0x18 10.0.0.0/+8 10.0.0.0/255.255.255.0 10.0.0.0/8/8
  10.0.0.1-10.0.0.3 10.0.0.3-10.0.0.1 10.0.0.1-10.0.0.1 10.0.0.1- -10.0.0.1 10.0.0.1-3 10.0.0.1-10.0.0.2-10.0.0.3
  10.0.0.1/30-10.0.0.9 1.2.3.4-1.2.3.5/31 10.0.0 10 10.1 10.65535 10.0.65536 167772161 4294967296 010.0.0.1 08.0.0.1
  10.0.0.01 0xa.0.0.1 0xa000001 10.0.0.256 10.0.0.1. +10.0.0.1 10.+0.0.1 ::1 2001:db8::1 [10.0.0.1] [10.0.0.1]/30
  [10.0.0.1/30] [10.0.0.1]-[10.0.0.3] [10.0.0.1-10.0.0.3] [10.0.0.1 10.0.0.1:80 0.0.0.0-10.0.0.0
  0.0.0.0-255.255.255.255 0.0.0.1-255.255.255.255 10.0.0.1-10.0.1.7 0.0.0.0/30 x:
`)
const IPV6 = words(`
  2001:db8::1 :: ::1 2001:db8::1/128 2001:db8::1/64 2001:db8::/0 ::/0 ::/1 2001:db8::/129 2001:db8::/ 2001:db8::/0x40
  2001:db8::/064 2001:db8::1-2001:db8::3 10.0.0.1 ::ffff:10.0.0.1 [2001:db8::1] [2001:db8::1]/64 [2001:db8::1
  2001:db8::1] 2001:DB8::1 2001:db8:0:0:0:0:0:1 fe80::1%lo 2001:db8::1: 1::2::3 [2001:db8::1]-[2001:db8::2]
  2001:db8::- x:
`)
const PORTS = words(`
  80 0 65535 65536 -1 0x50 080 0120 +80 http tcp:80 tcp:http udp:53 udp:domain udp:http sctp:80 udplite:80 dccp:80
  dccp:0 tcp:0 TCP:80 Tcp:80 GRE:0 ESP:0 IPSEC-ESP:0 IPv6-ICMP:128/0 IPV6-ICMP:128/0 ICMP:ping ICMPV6:ping 6:80 17:53
  06:80 0x6:80 0:0 0:80 47:0 47:5 gre:0 gre:5 gre:0-0 gre:00 gre gre: esp:0 ah:0 255:0 256:0 all:0 ip:0 mh:0
  icmp6:ping hopopt:0 ospf:0 ospfigp:0 OSPFIGP:0 ax.25:0 [tcp]:80 132:80 33:80 136:80 icmp:0 icmp:8 icmp:8/0
  icmp:ping icmp:PING icmp:echo icmp:e icmp:p icmp:host icmp:t icmp: icmp:/ icmp:8/ icmp:/5 icmp:256/0 icmp:8/256
  icmp:8/0/0 icmp:0x8/010 icmp:any icmp:-1/0 1:8/0 1:ping 1:0 icmpv6:128/0 icmpv6:128 icmpv6:ping icmpv6:p
  icmpv6:neigbour-solicitation icmpv6:n ipv6-icmp:ping 58:128/0 58:0 tcp:1-5 tcp:5-1 1-5 5-1 0-0 1- -5 65530-65535
  http-https http-443 80-ftp-data ftp-data [ftp-data] [ftp-data]-80 tcp:[ftp-data] [ftp-data]-[http] ftp-[ftp-data]
  tcp:[ftp-data [80] [80]-[90] tcp:[] udp:[ftp-data] sctp:1-5 dccp:1-5 80: :80 tcp:80:80 x:80 tcp:x 80x
  tcp:99999999999999999999
`)
const MACS = words(`
  00:11:22:33:44:55 0:1:2:3:4:5 00:00:00:00:00:00 FF:ff:0A:00:00:01 00-11-22-33-44-55 001122334455 00:11:22:33:44
  00:11:22:33:44:55:66 00:11:22:33:44:5g 000:11:22:33:44:55 00:11:22:33:44: :::: ::::: 00::22:33:44:55 0x:1:1:1:1:1
  00:11:22:33:44:55,1
`)
const INTERFACES: Words = [
  ...words(`
  eth0 physdev:eth0 physdev: eth0+ a23456789012345 a234567890123456 physdev:a23456789012345 physdev:a234567890123456
  other:eth0 PHYSDEV:eth0 eth0, eth0,eth1
  `),
  'eth0 wildcard',
  'physdev:eth0 wildcard',
]
export const NUMBERS = words('0 5 -1 x 256 65536 4294967296 0x10 010 08 +5 2147483 2147484')

interface GrammarOfType {
  readonly create: string
  /** The parts of a valid element. Each is replaced in turn by the words for its place. */
  readonly parts: readonly string[]
  readonly words: readonly Words[]
}

function both(type: string, parts: string, words: (addresses: Words) => readonly Words[]): GrammarOfType[] {
  const six = parts.replaceAll('10.0.0.0/24', '2001:db8::/32').replaceAll('10.0.0.1', '2001:db8::1')
  return [
    { create: type, parts: parts.split(','), words: words(IPV4) },
    { create: `${type} family inet6`, parts: six.split(','), words: words(IPV6) },
  ]
}

/** Every type. Types that the kernel does not have are not tested. */
export const TYPES: readonly GrammarOfType[] = [
  ...both('hash:ip', '10.0.0.1', (ip) => [ip]),
  { create: 'hash:ip netmask 24', parts: ['10.0.0.1'], words: [IPV4] },
  { create: 'hash:ip family inet6 netmask 64', parts: ['2001:db8::1'], words: [IPV6] },
  { create: 'hash:ip maxelem 3', parts: ['10.0.0.1'], words: [[...IPV4, '0.0.0.2-0.0.0.0']] },
  ...both('hash:net', '10.0.0.0/24', (ip) => [ip]),
  ...both('hash:net,net', '10.0.0.0/24,10.0.0.0/24', (ip) => [ip, ip]),
  ...both('hash:ip,port', '10.0.0.1,80', (ip) => [ip, PORTS]),
  ...both('hash:net,port', '10.0.0.0/24,80', (ip) => [ip, PORTS]),
  ...both('hash:ip,port,ip', '10.0.0.1,80,10.0.0.1', (ip) => [ip, PORTS, ip]),
  ...both('hash:ip,port,net', '10.0.0.1,80,10.0.0.0/24', (ip) => [ip, PORTS, ip]),
  ...both('hash:net,port,net', '10.0.0.0/24,80,10.0.0.0/24', (ip) => [ip, PORTS, ip]),
  ...both('hash:ip,mark', '10.0.0.1,5', (ip) => [ip, NUMBERS]),
  ...both('hash:net,iface', '10.0.0.0/24,eth0', (ip) => [ip, INTERFACES]),
  { create: 'hash:mac', parts: ['00:11:22:33:44:55'], words: [MACS] },
  ...both('hash:ip,mac', '10.0.0.1,00:11:22:33:44:55', (ip) => [ip, MACS]),
  { create: 'bitmap:ip range 10.0.0.0/24', parts: ['10.0.0.1'], words: [IPV4] },
  { create: 'bitmap:ip range 10.0.0.0/24 netmask 28', parts: ['10.0.0.1'], words: [[...IPV4, '10.0.0.9-10.0.0.20']] },
  { create: 'bitmap:ip,mac range 10.0.0.0/24', parts: ['10.0.0.1', '00:11:22:33:44:55'], words: [IPV4, MACS] },
  { create: 'bitmap:ip,mac range 10.0.0.0/24', parts: ['10.0.0.1'], words: [IPV4] },
  { create: 'bitmap:port range 1-1000', parts: ['80'], words: [PORTS] },
]

/** Files with one element: with one part replaced, or with a part too many or too few. */
export function filesOfElements({ create, parts, words }: GrammarOfType): SetFile[] {
  const odd = words.flatMap((all, at) => all.map((word) => parts.with(at, word)))
  return [...odd, [...parts, ''], [...parts, parts[0]], parts.slice(1)].map(
    (all) => `create s ${create};add s ${all.join()}`,
  )
}
