import { describe, expect, test } from 'vitest'
import { icmp, tcp, udp } from '../support/packets.ts'
import { noKernel, REAL_TIME, replayBoth } from './replay-both.ts'

describe.skipIf(noKernel)(`sets, compared with the kernel ${noKernel}`, () => {
  test('types, networks within networks, adding, deleting, timeouts, counters, marks', REAL_TIME, async () => {
    const ipset = [
      'create ip hash:ip netmask 30',
      'add ip 192.0.2.4',
      'create net hash:net',
      'add net 192.0.2.0/24',
      'add net 192.0.2.0/29 nomatch',
      'add net 192.0.2.3',
      'create ipport hash:ip,port',
      'add ipport 198.51.100.2,udp:53',
      'add ipport 198.51.100.2,icmp:8/0',
      'create netport hash:net,port',
      'add netport 198.51.100.0/24,tcp:80',
      'create triple hash:ip,port,net',
      'add triple 192.0.2.7,80,198.51.0.0/16',
      'create wire hash:net,iface',
      'add wire 192.0.2.0/25,eth0',
      'create ports bitmap:port range 0-1024',
      'add ports 53',
      'create small bitmap:ip range 192.0.2.0/28',
      'create dyn hash:ip timeout 1 counters maxelem 3',
      'create nets hash:net',
      'add nets 192.0.2.0/24',
      'create list list:set',
      'add list small',
      'add list ipport',
      'create marked hash:ip skbinfo',
      'add marked 192.0.2.9 skbmark 0x10/0xff',
      '',
    ].join('\n')
    const rules = [
      '*mangle',
      '-A FORWARD -j SET --map-set marked src --map-mark',
      '-A FORWARD -p tcp --dport 1 -j SET --add-set dyn src',
      '-A FORWARD -p tcp --dport 2 -j SET --add-set dyn src --exist --timeout 5',
      '-A FORWARD -p tcp --dport 3 -j SET --del-set dyn src',
      '-A FORWARD -p tcp --dport 4 -j SET --add-set small src',
      '-A FORWARD -p tcp --dport 5 -j SET --del-set nets src',
      '-A FORWARD -p tcp --dport 5 -j SET --add-set nets src',
      'COMMIT',
      '*filter',
      '-A FORWARD -m mark --mark 0x10 -j ACCEPT',
      '-A FORWARD -p tcp --dport 99 -m set --match-set dyn src --packets-gt 2 -j ACCEPT',
      '-A FORWARD -p tcp --dport 98 -m set --match-set dyn src ! --update-counters -j ACCEPT',
      '-A FORWARD -p tcp --dport 97 -m set --match-set net src -j ACCEPT',
      '-A FORWARD -p tcp --dport 97 -m set --match-set net src --return-nomatch -j ACCEPT',
      '-A FORWARD -p tcp --dport 96 -m set --match-set nets src -j ACCEPT',
      '-A FORWARD -m set --match-set ip src -j ACCEPT',
      '-A FORWARD -m set --match-set list src,dst -j ACCEPT',
      '-A FORWARD -m set --match-set ipport dst,dst -j ACCEPT',
      '-A FORWARD -m set --match-set netport dst,dst -j ACCEPT',
      '-A FORWARD -m set --match-set triple src,dst,dst -j ACCEPT',
      '-A FORWARD -m set --match-set ports dst -j ACCEPT',
      '-A FORWARD -m set ! --match-set wire src,src -j ACCEPT',
      '-A FORWARD -j DROP',
      'COMMIT',
      '',
    ].join('\n')
    const hosts = [1, 3, 5, 7, 8, 9, 20, 200]
    const each = (make: (host: number) => Uint8Array): Uint8Array[] => hosts.map(make)
    const to = (port: number, only: number[] = hosts): Uint8Array[] =>
      only.map((host) => tcp(`192.0.2.${host}:1000>198.51.100.2:${port}`, 'S'))
    const first = [
      ...each((host) => udp(`192.0.2.${host}:1000>198.51.100.2:53`)),
      ...each((host) => icmp(`192.0.2.${host}>198.51.100.2`, 8, 0, { id: 7 })),
      ...[...to(80), ...to(97), ...to(98), ...to(1), ...to(98), ...to(99), ...to(99), ...to(99), ...to(3, [3])],
      ...[...to(1, [200]), ...to(2, [5, 200]), ...to(98), ...to(4), ...to(1000), ...to(96), ...to(5, [8]), ...to(96)],
    ].map((bytes, index) => ({ bytes, time: index * 0.001 }))
    const later = [...to(98), ...to(1, [20]), ...to(98)].map((bytes, index) => ({ bytes, time: 2 + index * 0.001 }))
    const { kernel, ours } = await replayBoth({ rules, ipset }, [...first, ...later])
    expect(ours).toEqual(kernel)
  })

  test('a mark is mapped within its mask; elements without a mark map none', REAL_TIME, async () => {
    const ipset = [
      'create marked hash:ip skbinfo',
      'add marked 192.0.2.1',
      'add marked 192.0.2.2 skbmark 0x5',
      'add marked 192.0.2.3 skbmark 0x5/0x0f',
      'add marked 192.0.2.4 skbmark 0x5/0x0',
      'add marked 192.0.2.5 skbmark 0x5/15',
      'add marked 192.0.2.6 skbmark 0x0',
      'add marked 192.0.2.7 skbqueue 3',
      'create plain hash:ip',
      'add plain 192.0.2.8',
      '',
    ].join('\n')
    const marks = [0, 0x05, 0x30, 0x33, 0x35, 0x36]
    const rules = [
      '*mangle',
      '-A FORWARD -j MARK --set-mark 0x33',
      '-A FORWARD -j SET --map-set marked src --map-mark',
      '-A FORWARD -j SET --map-set plain src --map-mark',
      'COMMIT',
      '*filter',
      ...marks.map((mark) => `-A FORWARD -m mark --mark ${mark} -j ACCEPT`),
      '-A FORWARD -j DROP',
      'COMMIT',
      '',
    ].join('\n')
    const frames = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((host, index) => ({
      bytes: udp(`192.0.2.${host}:1000>198.51.100.2:53`),
      time: index * 0.001,
    }))
    const { kernel, ours } = await replayBoth({ rules, ipset }, frames)
    expect(ours).toEqual(kernel)
    expect(new Set(kernel).size).toBeGreaterThan(3)
  })

  test('elements in forms that ipset save does not write', REAL_TIME, async () => {
    const ipset = [
      'n ports ipporthash netmask 28',
      'a ports 192.0.2.20-192.0.2.2,http-79',
      'a ports 192.0.2.65,icmp:p',
      'create gaps hash:ip bitmask 255.255.0.255',
      'add gaps 192.0.9.5',
      'add gaps 192.0.7.200/30',
      'create wire hash:net,iface',
      'add wire 192.0.2.96/27,e wildcard',
      'add wire 192.0.2.128/27,eth0 nomatch',
      'create far hash:net',
      'add far 192.0.2.199-192.0.2.180',
      'create old hash:net',
      'add old 192.0.2.224/29',
      'swap far old',
      'rename old near',
      '',
    ].join('\n')
    const rules = [
      '*filter',
      '-A FORWARD -m set --match-set ports src,dst -j ACCEPT',
      '-A FORWARD -m set --match-set gaps src -j ACCEPT',
      '-A FORWARD -m set --match-set wire src,src -j ACCEPT',
      '-A FORWARD -m set --match-set far src -j ACCEPT',
      '-A FORWARD -m set --match-set near src -j ACCEPT',
      '-A FORWARD -j DROP',
      'COMMIT',
      '',
    ].join('\n')
    const hosts = [1, 5, 20, 33, 65, 97, 120, 130, 180, 181, 199, 200, 202, 204, 224, 231, 232]
    const frames = hosts.flatMap((host) => [
      icmp(`192.0.2.${host}>198.51.100.2`, 0, 0, { id: 7 }),
      ...[79, 80, 81].map((port) => tcp(`192.0.2.${host}:1000>198.51.100.2:${port}`, 'S')),
    ])
    const { kernel, ours } = await replayBoth({ rules, ipset }, frames)
    expect(ours).toEqual(kernel)
    expect(new Set(kernel).size).toBeGreaterThan(4)
  })
})
