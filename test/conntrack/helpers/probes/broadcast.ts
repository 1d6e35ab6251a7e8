import { udp } from '../../../support/packets.ts'
import type { HelperProbe } from './probe.ts'

const HOST = '10.0.0.5/24'
const ASK = udp('10.0.0.5:1000>10.0.0.255:137')
const answer = (from: string, to = '10.0.0.5:1000') => udp(`${from}>${to}`)

export const BROADCAST_PROBES: readonly HelperProbe[] = [
  {
    name: 'netbios-ns: everybody in the network answers',
    host: HOST,
    packets: [ASK, answer('10.0.0.7:137'), answer('10.0.0.8:137'), answer('10.0.0.8:137'), answer('10.0.1.8:137')],
  },
  {
    name: 'netbios-ns: from another port',
    host: HOST,
    packets: [ASK, answer('10.0.0.7:138'), answer('10.0.0.7:137', '10.0.0.5:1001')],
  },
  {
    name: 'netbios-ns: to one host only',
    host: HOST,
    packets: [udp('10.0.0.5:1000>10.0.0.9:137'), answer('10.0.0.7:137')],
  },
  {
    name: 'netbios-ns: to all the world',
    host: HOST,
    packets: [udp('10.0.0.5:1000>255.255.255.255:137'), answer('10.0.0.7:137')],
  },
  {
    name: 'netbios-ns: a host without a network',
    host: '10.0.0.5',
    packets: [ASK, answer('10.0.0.7:137')],
  },
  {
    name: 'netbios-ns: a router',
    packets: [ASK, answer('10.0.0.7:137')],
  },
  {
    name: 'netbios-ns: three seconds',
    host: HOST,
    packets: [
      { bytes: ASK, time: 0 },
      { bytes: answer('10.0.0.7:137'), time: 2.9 },
      { bytes: answer('10.0.0.8:137'), time: 3.1 },
      { bytes: ASK, time: 7 },
    ],
  },
  {
    name: 'netbios-ns: asked again',
    host: HOST,
    packets: [ASK, ASK, answer('10.0.0.9:137')],
  },
  {
    name: 'netbios-ns: asked by others',
    host: HOST,
    packets: [
      udp('10.0.0.7:1000>10.0.0.255:137'),
      udp('10.0.0.5:137>10.0.0.7:1000'),
      udp('10.0.0.9:137>10.0.0.7:1000'),
    ],
  },
  {
    name: 'snmp: everybody answers for thirty seconds',
    host: HOST,
    packets: [
      { bytes: udp('10.0.0.5:1000>10.0.0.255:161'), time: 0 },
      { bytes: answer('10.0.0.7:161'), time: 29 },
      { bytes: answer('10.0.0.8:161'), time: 30.1 },
    ],
  },
]
