import fc from 'fast-check'

/** An IP datagram, and how long after the one before it is sent, in seconds (whole microseconds). */
export interface TimedPacket {
  bytes: Uint8Array
  gap: number
}

/** Addresses that no other case of the capture uses, so that cases do not meet in the connection table. */
export interface Hosts {
  v4: Addresses
  v6: Addresses
}

interface Addresses {
  client: string
  server: string
  /** A router on the way, or somebody else altogether. */
  third: string
  /** `ADDRESS:PORT` of either end; IPv6 in brackets. */
  end(host: 'client' | 'server' | 'third', port: number): string
}

/** The machine's own addresses in host mode; either end of a conversation is one of them. */
export const LOCAL_V4 = '10.255.255.1'
export const LOCAL_V6 = '2001:db8:f::1'

/** Whose packets, in the mode `itself`, all go to the machine that sent them. */
export const LOOPBACK_V4 = '127.0.0.0/8'

/**
 * Either end gets the lower address in every other case: the tracker sorts them.
 * @param mode host: the client, or in every other pair of cases the server, is the machine itself; itself: with IPv4 both are
 */
export function hostsOf(index: number, mode: Setup['mode'] = 'router'): Hosts {
  const hosts = routedHosts(index)
  if (mode === 'router') return hosts
  const own = (index & 2) === 0 ? 'client' : 'server'
  return {
    v4: addresses(mode === 'itself' ? loopback(index) : { ...namesOf(hosts.v4), [own]: LOCAL_V4 }, joinV4),
    v6: addresses({ ...namesOf(hosts.v6), [own]: LOCAL_V6 }, joinV6),
  }
}

function loopback(index: number): Names {
  const [client, server] = (index & 1) === 0 ? ['1', '2'] : ['2', '1']
  const low = `${(index >> 8) & 255}.${index & 255}`
  return { client: `127.${client}.${low}`, server: `127.${server}.${low}`, third: `127.3.${low}` }
}

function routedHosts(index: number): Hosts {
  const low = `${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
  const [client, server] = (index & 1) === 0 ? ['10', '11'] : ['11', '10']
  const hex = index.toString(16)
  const [client6, server6] = (index & 1) === 0 ? ['a', 'b'] : ['b', 'a']
  return {
    v4: addresses({ client: `${client}.${low}`, server: `${server}.${low}`, third: `12.${low}` }, joinV4),
    v6: addresses(
      { client: `2001:db8:${client6}::${hex}`, server: `2001:db8:${server6}::${hex}`, third: `2001:db8:c::${hex}` },
      joinV6,
    ),
  }
}

type Names = Pick<Addresses, 'client' | 'server' | 'third'>

const joinV4 = (address: string, port: number): string => `${address}:${port}`
const joinV6 = (address: string, port: number): string => `[${address}]:${port}`

function namesOf({ client, server, third }: Addresses): Names {
  return { client, server, third }
}

function addresses(names: Names, join: (address: string, port: number) => string): Addresses {
  return { ...names, end: (host, port) => join(names[host], port) }
}

/** What both sides are told before a capture. */
export interface Setup {
  sysctls?: Readonly<Record<string, string>>
  /** iptables-save text for IPv4 and IPv6 alike. */
  rules?: string
  /** For IPv6 instead. */
  rules6?: string
  /** `router` by default. A host has LOCAL_V4 and LOCAL_V6, and, where it talks to itself, LOOPBACK_V4. */
  mode?: 'router' | 'host' | 'itself'
  /** All happens in an instant, on both sides: rules may ask what the oracle's virtual time hides (`--ctexpire`). */
  instant?: boolean
}

/** A short conversation, drawn from a generator. It can be written out for any hosts, and made smaller. */
export interface Case {
  packets(hosts: Hosts): TimedPacket[]
  /** Smaller cases, the boldest cuts first. */
  smaller(): Iterable<Case>
}

export interface Generator {
  readonly name: string
  /** What the next capture is replayed with. */
  setup(capture: number, random: fc.Random): Setup
  /** Packets of a capture, about; less where the kernel's memory or clock asks for it. */
  readonly packetsPerCapture: number
  draw(random: fc.Random): Case
}

interface GeneratorOptions<T> {
  name: string
  arbitrary: fc.Arbitrary<T>
  packets: (value: T, hosts: Hosts) => TimedPacket[]
  /** Take turns; or drawn. */
  setups?: readonly Setup[] | fc.Arbitrary<Setup>
  packetsPerCapture?: number
}

export function generator<T>(options: GeneratorOptions<T>): Generator {
  const { name, arbitrary, packets, setups = [{}], packetsPerCapture = 5_000 } = options
  const asCase = ({ value, context }: fc.Value<T>): Case => ({
    packets: (hosts) => packets(value, hosts),
    *smaller() {
      for (const less of arbitrary.shrink(value, context)) yield asCase(less)
    },
  })
  return {
    name,
    packetsPerCapture,
    setup: (capture, random) =>
      'generate' in setups ? setups.generate(random, undefined).value : setups[capture % setups.length],
    draw: (random) => asCase(arbitrary.generate(random, 8)),
  }
}

/** The same conversations, of which one end is the machine itself, or both are. */
export function inMode(mode: 'host' | 'itself', generator: Generator): Generator {
  return {
    ...generator,
    name: `${generator.name}, ${mode}`,
    setup: (capture, random) => ({ ...generator.setup(capture, random), mode }),
  }
}

/** Random numbers for fast-check from a seed: the same seed draws the same cases. */
export function randomFrom(seed: number): fc.Random {
  return new fc.Random(mulberry32(seed | 0))
}

interface Source {
  clone(): Source
  next(): number
  getState(): readonly number[]
}

function mulberry32(state: number): Source {
  return {
    clone: () => mulberry32(state),
    next: () => {
      state = (state + 0x6d2b79f5) | 0
      let t = Math.imul(state ^ (state >>> 15), state | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return (t ^ (t >>> 14)) | 0
    },
    getState: () => [state],
  }
}

/** Mostly at once, now and then about as long as one of the given timeouts (seconds), a little less or more. */
export function gaps(timeouts: readonly number[], percentLong: number): fc.Arbitrary<number> {
  const long = timeouts.flatMap((timeout) => [timeout - 0.5, timeout - 0.000001, timeout, timeout + 0.5])
  return fc.oneof(
    { weight: 100 - percentLong, arbitrary: fc.constant(0.001) },
    { weight: percentLong, arbitrary: fc.constantFrom(...long) },
  )
}

/** Mostly the usual value. */
export function often<T>(usual: T, weight: number, rare: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rare })
}
