import { describe, expect, it } from 'vitest'
import { E_EXPIRY, E_NUMBER, E_STATUS, ENTRY_INTS } from '../../src/conntrack/entry.ts'
import { IPS_ASSURED, IPS_CONFIRMED } from '../../src/conntrack/status.ts'
import { ConnectionTable } from '../../src/conntrack/table.ts'
import { TupleKey } from '../../src/conntrack/tuple.ts'
import { IP_V4, P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC, PACKET_INTS } from '../../src/wire/packet-fields.ts'
import { udp } from '../support/packets.ts'
import { Tracking } from './tracking.ts'

/** The key of the n-th connection: UDP from 10.0.0.0 + n to 11.0.0.1. */
function keyOf(n: number, reply = false, key = new TupleKey(1)): TupleKey {
  const fields = new Int32Array(PACKET_INTS)
  fields[P_FAMILY] = IP_V4
  fields[P_PROTOCOL] = 17
  const [client, server] = [0x0a000000 + n, 0x0b000001]
  fields[P_SRC] = reply ? server : client
  fields[P_DST] = reply ? client : server
  fields[P_PORTS] = reply ? (53 << 16) | 1000 : (1000 << 16) | 53
  key.fill(fields, 0, 0, 0, 0)
  return key
}

function insert(table: ConnectionTable, n: number, expiryNs: number, key = new TupleKey(1)): number {
  const id = table.allocate(keyOf(n, false, key))
  table.times[(id * ENTRY_INTS + E_EXPIRY) >> 1] = expiryNs
  table.insert(id)
  table.entries[id * ENTRY_INTS + E_STATUS] |= IPS_CONFIRMED
  return id
}

function findAt(table: ConnectionTable, key: TupleKey, nowNs: number): number {
  table.nowNs = nowNs
  return table.find(key)
}

function expiredAt(table: ConnectionTable, nowNs: number): number {
  table.nowNs = nowNs
  return table.cleaner.removeExpired()
}

describe('the connection table', () => {
  it('grows from some thousand entries to a hundred thousand and still finds all, from both ends', () => {
    const table = new ConnectionTable(4096)
    const ids = Array.from({ length: 100_000 }, (_, n) => insert(table, n, 1e9))
    expect(table.count).toBe(100_000)
    expect(ids.every((id, n) => findAt(table, keyOf(n), 0) === id && findAt(table, keyOf(n, true), 0) === id)).toBe(
      true,
    )
    expect(findAt(table, keyOf(100_000), 0)).toBe(-1)
    expect([...table.live()]).toHaveLength(100_000)
  })

  it.each([0, 1_000_000])('takes a million entries with limit %i without being copied, 160 bytes each', (limit) => {
    const table = new ConnectionTable(limit)
    const { entries } = table
    const records = table.extensions.records
    const key = new TupleKey(1)
    for (let n = 0; n < 1_000_000; n++) insert(table, n, 1e9, key)
    expect(table.entries).toBe(entries)
    expect(table.extensions.records).toBe(records)
    expect(table.bytes / table.count).toBeLessThanOrEqual(160)
    expect(table.bytes / table.count).toBeGreaterThan(ENTRY_INTS * 4)
  })

  it('extensions take their room at the first and keep it', () => {
    const table = new ConnectionTable(10_000)
    const ids = Array.from({ length: 10_000 }, (_, n) => insert(table, n, 1e9))
    table.extend(ids[0])
    const { records } = table.extensions
    for (const id of ids) table.extend(id)
    expect(table.extensions.records).toBe(records)
    for (const id of ids) records[table.extensionOf(id)] = id
    expect(ids.every((id) => records[table.extensionOf(id)] === id)).toBe(true)
  })

  it('an allocated entry is found only from insertion to removal', () => {
    const table = new ConnectionTable()
    const id = table.allocate(keyOf(1))
    table.times[(id * ENTRY_INTS + E_EXPIRY) >> 1] = 1e9
    expect([findAt(table, keyOf(1), 0), table.count]).toEqual([-1, 0])
    table.insert(id)
    expect([findAt(table, keyOf(1), 0), table.count, table.isFindable(id)]).toEqual([id, 1, true])
    table.remove(id)
    expect([findAt(table, keyOf(1), 0), table.count, table.isFindable(id)]).toEqual([-1, 0, false])
  })

  it('a freed entry is used again, under a number of its own', () => {
    const table = new ConnectionTable()
    const first = insert(table, 1, 1e9)
    table.remove(first)
    const second = insert(table, 2, 1e9)
    expect([second, table.entries[second * ENTRY_INTS + E_NUMBER]]).toEqual([first, 2])
  })

  it('removal between others breaks no chain, whatever the order', () => {
    const table = new ConnectionTable()
    const ids = Array.from({ length: 5000 }, (_, n) => insert(table, n, 1e9))
    for (let n = 0; n < 5000; n += 3) table.remove(ids[n])
    for (let n = 0; n < 5000; n++) expect(findAt(table, keyOf(n), 0)).toBe(n % 3 === 0 ? -1 : ids[n])
    for (let n = 0; n < 5000; n += 3) ids[n] = insert(table, n, 1e9)
    for (let n = 0; n < 5000; n++) expect(findAt(table, keyOf(n), 0)).toBe(ids[n])
  })

  it('comes and goes a million times in the room of a few', () => {
    const table = new ConnectionTable()
    const length = table.entries.length
    for (let n = 0; n < 1_000_000; n++) table.remove(insert(table, n & 0xffff, 1e9))
    expect([table.count, table.entries.length]).toEqual([0, length])
  })

  it('what has expired is not found, and gone after the question', () => {
    const table = new ConnectionTable()
    insert(table, 1, 5)
    expect(findAt(table, keyOf(1), 4)).toBeGreaterThanOrEqual(0)
    expect([findAt(table, keyOf(1), 5), table.count]).toEqual([-1, 0])
  })

  it('the sweep takes what nobody asks for again, and only that', () => {
    const table = new ConnectionTable()
    for (let n = 0; n < 100; n++) insert(table, n, n < 60 ? 5 : 1e9)
    expect([expiredAt(table, 5), table.count]).toEqual([60, 40])
    for (let n = 60; n < 100; n++) expect(findAt(table, keyOf(n), 5)).toBeGreaterThanOrEqual(0)
  })

  it('eviction never takes an assured entry', () => {
    const table = new ConnectionTable()
    const ids = Array.from({ length: 50 }, (_, n) => insert(table, n, 1e9))
    for (const id of ids) table.entries[id * ENTRY_INTS + E_STATUS] |= IPS_ASSURED
    const turns = Array.from({ length: 20 }, (_, turn) => turn)
    expect(turns.some((turn) => table.cleaner.evict(turn))).toBe(false)
    table.entries[ids[7] * ENTRY_INTS + E_STATUS] &= ~IPS_ASSURED
    expect(turns.filter((turn) => table.cleaner.evict(turn))).toHaveLength(1)
    expect([table.count, findAt(table, keyOf(7), 0)]).toEqual([49, -1])
  })
})

describe('a connection that announced others', () => {
  const isThere = (table: ConnectionTable, id: number) => table.entries[id * ENTRY_INTS + E_NUMBER] !== 0

  it('stays readable as long as they do, but cannot be found', () => {
    const table = new ConnectionTable(100, 1)
    const [master, one, other] = [1, 2, 3].map((n) => insert(table, n, 10e9))
    table.masters.name(one, master)
    table.masters.name(other, master)
    table.remove(master)
    expect([table.find(keyOf(1)), table.count, isThere(table, master)]).toEqual([-1, 2, true])
    table.remove(one)
    expect(isThere(table, master)).toBe(true)
    table.remove(other)
    expect([isThere(table, master), table.count]).toEqual([false, 0])
    const again = [4, 5, 6].map((n) => insert(table, n, 10e9))
    expect(again.toSorted()).toEqual([master, one, other])
  })

  it('is given back at once when none of them is left', () => {
    const table = new ConnectionTable(100, 1)
    const [master, one] = [1, 2].map((n) => insert(table, n, 10e9))
    table.masters.name(one, master)
    table.remove(one)
    expect(isThere(table, master)).toBe(true)
    table.remove(master)
    expect(isThere(table, master)).toBe(false)
  })

  it('goes with the last one of a long row, in which each announced the next', () => {
    const table = new ConnectionTable(0, 1)
    const ids = Array.from({ length: 50_000 }, (_, n) => insert(table, n, 10e9))
    for (let n = 1; n < ids.length; n++) table.masters.name(ids[n], ids[n - 1])
    for (const id of ids.slice(0, -1)) table.remove(id)
    expect([table.count, isThere(table, ids[0])]).toEqual([1, true])
    table.remove(ids[ids.length - 1])
    expect(ids.some((id) => isThere(table, id))).toBe(false)
  })

  it('that has ended is neither swept nor pushed out again', () => {
    const table = new ConnectionTable(100, 1)
    const [master, one] = [1, 2].map((n) => insert(table, n, 10e9))
    table.masters.name(one, master)
    table.remove(master)
    table.nowNs = 5e9
    table.cleaner.sweep(100)
    expect([table.count, isThere(table, master)]).toEqual([1, true])
    expect([table.cleaner.evict(0), table.cleaner.evict(0), table.count]).toEqual([true, false, 0])
  })
})

describe('a full table', () => {
  const flow = (n: number) => udp(`10.0.0.${n}:1000>10.9.9.9:53`)
  const answer = (n: number) => udp(`10.9.9.9:53>10.0.0.${n}:1000`)

  it('pushes out the same whatever the seed of its hash', () => {
    const flood = (seed: number): string[] => {
      const tracking = new Tracking({ nf_conntrack_max: 20 }, seed)
      for (let n = 0; n < 60; n++) tracking.say(flow(n))
      return Array.from({ length: 60 }, (_, n) => tracking.say(answer(n)))
    }
    expect(flood(1)).toEqual(flood(2))
  })

  it('pushes out what is not assured', () => {
    const tracking = new Tracking({ nf_conntrack_max: 3 })
    expect([1, 2, 3, 4].map((n) => tracking.say(flow(n)))).toEqual(['NEW', 'NEW', 'NEW', 'NEW'])
    expect([tracking.live, tracking.tracker.current.limit.evicted]).toEqual([3, 1])
  })

  it('drops the packet where all are assured, and says so', () => {
    const tracking = new Tracking({ nf_conntrack_max: 2 })
    for (const n of [1, 2]) tracking.sayAll([flow(n), answer(n)])
    tracking.wait(3)
    for (const n of [1, 2]) tracking.say(flow(n))
    expect(tracking.say(flow(3))).toBe('TABLE FULL')
    expect(tracking.reason).toMatch(/^connection table full: 2 entries/)
    expect(tracking.say(flow(1))).toBe('ESTABLISHED')
  })

  it('makes room of what has expired first', () => {
    const tracking = new Tracking({ nf_conntrack_max: 2 })
    tracking.sayAll([flow(1), flow(2)])
    tracking.wait(31)
    expect(tracking.say(flow(3))).toBe('NEW')
    expect(tracking.tracker.current.limit.evicted).toBe(0)
  })

  it('is searched for expired entries once a second, not for every packet of a flood', () => {
    const tracking = new Tracking({ nf_conntrack_max: 2 })
    tracking.sayAll([flow(1), flow(2), flow(3)])
    expect(tracking.tracker.current.limit.evicted).toBe(1)
    const { table } = tracking.tracker.current
    let searches = 0
    const search = table.cleaner.removeExpired.bind(table.cleaner)
    table.cleaner.removeExpired = () => {
      searches++
      return search()
    }
    for (let n = 10; n < 60; n++) tracking.wait(0.01).say(flow(n))
    tracking.wait(1).say(flow(100))
    expect(searches).toBe(1)
  })

  it('nf_conntrack_max=0 is no limit', () => {
    const tracking = new Tracking({ nf_conntrack_max: 0 })
    for (let n = 1; n < 200; n++) tracking.say(flow(n))
    expect(tracking.live).toBe(199)
  })
})

// oracle: translation.test.ts, an error about a connection whose directions look the same
describe('a connection whose directions look the same', () => {
  it('is found by its replies, or as original by who looks for nothing else', () => {
    const fields = new Int32Array(PACKET_INTS)
    fields[P_FAMILY] = IP_V4
    fields[P_PROTOCOL] = 17
    fields[P_SRC] = 0x0a000001
    fields[P_DST] = 0x0a000001
    fields[P_PORTS] = (1000 << 16) | 1000
    const key = new TupleKey(1)
    key.fill(fields, 0, 0, 0, 0)
    const table = new ConnectionTable()
    const id = table.allocate(key)
    table.times[(id * ENTRY_INTS + E_EXPIRY) >> 1] = 1e9
    table.insert(id)
    const directions = [-1, 0, 1].map((only) => [table.find(key, only), table.foundDirection])
    expect(directions).toEqual([
      [id, 1],
      [id, 0],
      [id, 1],
    ])
  })
})
