import { describe, expect, it } from 'vitest'
import { HELPERS, helperNumber } from '../../src/conntrack/helpers/registry.ts'
import { IPS_CONFIRMED, IPS_SEEN_REPLY } from '../../src/conntrack/status.ts'
import { icmp, tcp, udp } from '../support/packets.ts'
import { type ListedTuple, listConnections, listExpectations } from './listing.ts'
import { Tracking } from './tracking.ts'

const list = ({ tracker, now }: Tracking) => listConnections(tracker.current, now * 1e9)
const text = (one: ListedTuple) =>
  `${one.source} ${one.sourcePort} > ${one.destination} ${one.destinationPort} zone ${one.zone}`

describe('the listing of connections', () => {
  it('has both directions, state and what is left of the timeout', () => {
    const tracking = new Tracking()
    tracking.say(tcp('10.0.0.2:1000>10.0.0.1:80', 'S', { seq: 1 }))
    tracking.say(tcp('10.0.0.1:80>10.0.0.2:1000', 'SA', { seq: 1, ack: 2 }))
    tracking.wait(10)
    const [one] = list(tracking)
    expect([text(one.original), text(one.reply)]).toEqual([
      '10.0.0.2 1000 > 10.0.0.1 80 zone 0',
      '10.0.0.1 80 > 10.0.0.2 1000 zone 0',
    ])
    expect(one).toMatchObject({ status: IPS_CONFIRMED | IPS_SEEN_REPLY, state: 'SYN_RECV', secondsLeft: 50, mark: 0 })
  })

  it('has identifier, type and code of ICMP, and the type of the answer on the way back', () => {
    const tracking = new Tracking()
    tracking.say(icmp('10.0.0.1>10.0.0.2', 8, 0, { id: 7 }))
    const [one] = list(tracking)
    expect([one.original, one.reply].map((way) => [way.sourcePort, way.destinationPort])).toEqual([
      [7, 0x800],
      [7, 0],
    ])
    expect(one.state).toBe(null)
  })

  it('has the zones', () => {
    const tracking = new Tracking()
    tracking.tracker.current.zoneReply = 6
    tracking.say(udp('10.0.0.1:1>10.0.0.2:2'))
    const [one] = list(tracking)
    expect([one.original.zone, one.reply.zone]).toEqual([0, 6])
  })

  it('has no connection whose time is over, and no packet that was dropped', () => {
    const tracking = new Tracking()
    tracking.say(udp('10.0.0.1:1>10.0.0.2:2'))
    tracking.sayDropped(udp('10.0.0.1:3>10.0.0.2:2'))
    expect(list(tracking)).toHaveLength(1)
    expect(list(tracking.wait(30))).toEqual([])
  })

  it('has what a helper expects, and of whom', () => {
    const tracking = new Tracking()
    tracking.tracker.current.helper = helperNumber('tftp')
    const request = udp('10.0.0.1:1111>10.0.0.2:69', { data: '\0\x01file\0octet\0' })
    tracking.say(request)
    tracking.tracker.current.expectations.add(
      {
        family: 4,
        protocol: 17,
        zone: 0,
        source: [0x0a000002],
        sourcePort: -1,
        destination: [0x0a000001],
        destinationPort: 1111,
        policy: 0,
        helper: null,
        permanent: false,
        announcedBy: 0,
        direction: 0,
        follow: null,
      },
      { maxExpected: 1, timeoutSeconds: 300 },
      tracking.tracker.current.id,
      0,
    )
    expect(list(tracking)[0].helper).toBe(HELPERS[helperNumber('tftp')].name)
    expect(listExpectations(tracking.tracker.current, 0)).toMatchObject([
      { source: '10.0.0.2', sourcePort: null, destination: '10.0.0.1', destinationPort: 1111, secondsLeft: 300 },
    ])
  })
})
