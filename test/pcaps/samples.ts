import { join } from 'node:path'

/** A sample capture with its rules, the machine they run on, and the answer that the Linux kernel gives. */
export interface Sample {
  /** File in pcaps/. */
  capture: string
  rules?: string
  rules6?: string
  mode: 'router' | 'host'
  local?: readonly string[]
  checksum?: 'verify' | 'ignore'
  sysctls?: Readonly<Record<string, string>>
  /** What this replay shows, where one capture has several. */
  about?: string
  /** Frames by label; "fragment" and such for those without. */
  labels: Readonly<Record<string, number>>
  /** Frames dropped or rejected, by the deciding rule. */
  dropped: Readonly<Record<string, number>>
}

const WORKSTATION = {
  capture: 'ssh-workstation.pcap',
  rules: 'ssh-workstation.v4',
  mode: 'host',
  local: ['192.0.2.10'],
} as const

export const SAMPLES: readonly Sample[] = [
  {
    ...WORKSTATION,
    // Out: one NEW, all else ESTABLISHED. In: three dropped, then the workstation's own ACKs are picked up as a connection out.
    labels: { NEW: 6, ESTABLISHED: 87, INVALID: 1 },
    dropped: { 'filter:INPUT:policy:2': 3 },
  },
  {
    ...WORKSTATION,
    about: 'pick-up forbidden: nothing of the way in is let in',
    sysctls: { nf_conntrack_tcp_loose: '0' },
    labels: { NEW: 2, ESTABLISHED: 46, INVALID: 46 },
    dropped: { 'filter:INPUT:policy:2': 25 },
  },
  {
    capture: 'web-server.pcap',
    rules: 'web-server.v4',
    mode: 'host',
    local: ['198.51.100.80'],
    // Dropped: the SYN to 8080 and its RST; the server's own SYN and its RST; two echo requests and their replies.
    labels: { NEW: 6, ESTABLISHED: 55, INVALID: 4 },
    dropped: { 'filter:INPUT:policy:2': 4, 'filter:OUTPUT:policy:2': 4 },
  },
  {
    capture: 'ftp-passive.pcap',
    rules: 'ftp-passive.v4',
    mode: 'router',
    // The helper announces two data connections: the first frame of each is RELATED.
    labels: { NEW: 2, RELATED: 2, ESTABLISHED: 75 },
    dropped: {},
  },
  {
    capture: 'ftp-active.pcap',
    rules: 'ftp-active.v4',
    mode: 'router',
    labels: { NEW: 2, RELATED: 2, ESTABLISHED: 74 },
    dropped: {},
  },
  {
    capture: 'port-scan.pcap.gz',
    rules: 'port-scan.v4',
    mode: 'router',
    // SYN scan: seven ports, of which two may be asked for. INVALID: all probes without SYN, and what answers dropped packets.
    labels: { NEW: 13, ESTABLISHED: 3, RELATED: 2, INVALID: 51 },
    dropped: { 'filter:FORWARD:rule:1': 51, 'filter:FORWARD:rule:5': 5, 'filter:FORWARD:rule:6': 4 },
  },
  {
    capture: 'dns-notrack.pcap',
    rules: 'dns-notrack.v4',
    mode: 'host',
    local: ['198.51.100.80'],
    // Three exchanges over UDP, one over TCP.
    labels: { UNTRACKED: 6, NEW: 1, ESTABLISHED: 9 },
    dropped: {},
  },
  {
    capture: 'ping-traceroute.pcapng',
    rules: 'ping-traceroute.v4',
    rules6: 'ping-traceroute.v6',
    mode: 'host',
    local: ['192.0.2.10', '2001:db8:1::10', 'fe80::ff:fe00:210'],
    // Eight traceroute probes and two pings to nowhere, each with its error; the echo request from outside is dropped.
    labels: { NEW: 13, ESTABLISHED: 6, RELATED: 10, UNTRACKED: 4, INVALID: 1 },
    dropped: { 'filter:INPUT:policy:3': 1 },
  },
  {
    capture: 'udp-fragments.pcap.gz',
    rules: 'udp-fragments.v4',
    mode: 'router',
    // 31 datagrams of three fragments each.
    labels: { NEW: 2, ESTABLISHED: 60, fragment: 62 },
    dropped: {},
  },
  {
    capture: 'download-offload.pcap.gz',
    rules: 'download-offload.v4',
    mode: 'host',
    local: ['198.51.100.80'],
    about: 'on the server, whose own checksums nobody checks',
    labels: { NEW: 1, ESTABLISHED: 46 },
    dropped: {},
  },
  {
    capture: 'download-offload.pcap.gz',
    mode: 'router',
    about: 'as a router would see such frames: the SYN-ACK is INVALID, and so is all that follows',
    labels: { NEW: 1, INVALID: 46 },
    dropped: {},
  },
  {
    capture: 'tftp.pcap',
    rules: 'tftp.v4',
    mode: 'router',
    labels: { NEW: 2, RELATED: 2, ESTABLISHED: 8 },
    dropped: {},
  },
  {
    capture: 'web-ipv6.pcap',
    rules6: 'web-ipv6.v6',
    mode: 'router',
    // Rejected: the SYN to 8080, and later the RST that answers the connection from the servers' side; to the policy: those two.
    labels: { NEW: 3, ESTABLISHED: 9, INVALID: 2, UNTRACKED: 3 },
    dropped: { 'filter:FORWARD:rule:3': 2, 'filter:FORWARD:policy:4': 2 },
  },
]

/** What the command is given to replay a sample, from the folder where the samples are. */
export function sampleArguments(sample: Sample, folder: string): string[] {
  const given = (option: string, values: readonly string[]) => values.flatMap((value) => [option, value])
  const path = (file: string | undefined) => (file === undefined ? [] : [join(folder, file)])
  return [
    join(folder, sample.capture),
    ...given('--rules', path(sample.rules)),
    ...given('--rules6', path(sample.rules6)),
    ...given('--mode', [sample.mode]),
    ...given('--local', sample.local ?? []),
    ...given(
      '--sysctl',
      Object.entries(sample.sysctls ?? {}).map((pair) => pair.join('=')),
    ),
    ...given('--checksum', sample.checksum ? [sample.checksum] : []),
  ]
}
