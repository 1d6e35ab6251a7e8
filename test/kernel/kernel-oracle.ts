import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Compiled, compiled, findUp, onPath } from '../support/compiled.ts'
import { udp } from '../support/packets.ts'
import { pcap } from '../support/pcap.ts'

/** One packet's answer, as the oracle prints it; see oracle/README.md for the meaning of each word. */
export interface OracleLine {
  n: number
  state: string
  /** With `--realtime-gaps`: when it was sent, in microseconds since the epoch. */
  at?: number
  dir?: 'original' | 'reply'
  ct?: number
  status?: string
  hook?: string
  verdict: 'ACCEPT' | 'DROP' | 'not-routed' | 'not-seen' | null
  drop_hook?: string
  /** Dropped, and no rule's target did it. */
  silent?: boolean
  rule?: string | null
  target?: string
  trace?: string[]
  why?: string
  nat?: string
  note?: string
  events?: OracleEvent[]
}

export interface OracleEvent {
  ev: string
  id: number
  tuple: string
  tcp?: string
  timeout?: number
  status?: string
}

/** One direction of a connection as ctnetlink has it; ICMP: identifier, and type << 8 | code, for ports. */
export interface OracleTuple {
  protocol: number
  src: string
  dst: string
  sport: number
  dport: number
  zone: number
}

/** A connection or an expectation, as `--dump-table` lists them at the end. */
export type OracleEntry =
  | {
      kind: 'connection'
      original: OracleTuple
      reply: OracleTuple
      /** IPS_ bits by name. */
      status: string
      timeout: number
      mark: number
      tcp?: string
      sctp?: number
      helper?: string
      master?: OracleTuple
    }
  | {
      kind: 'expectation'
      tuple: OracleTuple
      mask: OracleTuple
      master: OracleTuple
      timeout: number
      flags: number
    }

export interface AvailableOracle {
  readonly available: true
  /** Replays a capture through the running kernel. Rejects with the oracle's own words when it refuses or loses records. */
  run(capture: string, options?: readonly string[]): Promise<OracleLine[]>
  /** `run`, and what is left after the last packet. */
  runWithTable(capture: string, options?: readonly string[]): Promise<OracleRun>
}

interface OracleRun {
  lines: OracleLine[]
  /** The connection table, and expectations. */
  table: OracleEntry[]
  /** The rules with their counters, as `iptables-legacy-save -c` and `ip6tables-legacy-save -c` print them. */
  saved: { ipv4: string; ipv6: string }
}

export type KernelOracle = AvailableOracle | { readonly available: false; readonly why: string }

const ORACLE_FOLDER = findUp('test/kernel/oracle')
const NEEDED_TOOLS = [
  'ip',
  'nft',
  'iptables-legacy-restore',
  'iptables-legacy-save',
  'ip6tables-legacy-restore',
  'ip6tables-legacy-save',
] as const

let known: KernelOracle | undefined

/** The oracle, built when first asked for, or the reason why this machine cannot run it. */
export function kernelOracle(): KernelOracle {
  known ??= findOracle()
  return known
}

function findOracle(): KernelOracle {
  const why = whatIsMissing()
  if (why !== null) return { available: false, why }
  const built = build()
  if ('why' in built) return { available: false, why: built.why }
  const refused = tryOnePacket(built.program)
  if (refused !== null) return { available: false, why: refused }
  const { program } = built
  return {
    available: true,
    run: (capture, options = []) => runSettled(program, capture, options),
    runWithTable: (capture, options = []) => runWithTable(program, capture, options),
  }
}

function whatIsMissing(): string | null {
  if (process.platform !== 'linux') return 'not Linux'
  if (process.getuid?.() !== 0) return 'not root'
  const [major, minor] = release().split('.').map(Number)
  if (major < 6 || (major === 6 && minor < 16))
    return `kernel ${release()} is older than 6.16: its traces carry no conntrack state`
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun'
  for (const tool of NEEDED_TOOLS) if (!onPath(tool)) return `no ${tool} on PATH`
  return null
}

function build(): Compiled {
  const sources = readdirSync(ORACLE_FOLDER)
    .filter((name) => /\.[ch]$/.test(name))
    .sort()
  return compiled(
    'kernel-oracle',
    sources.map((name) => join(ORACLE_FOLDER, name)),
    ['-O2', '-w'],
  )
}

/** Namespaces, netfilter modules and traces are only known to work once they did. */
function tryOnePacket(program: string): string | null {
  const capture = join(tmpdir(), `ctreplay-oracle-${process.pid}.pcap`)
  writeFileSync(capture, pcap([udp('192.0.2.1:1>198.51.100.2:2')]))
  const result = spawnSync(program, [capture, '--quiet'], { encoding: 'utf8' })
  rmSync(capture)
  if (result.status !== 0) return `the oracle does not run here: ${firstLine(result.stderr) || result.error?.message}`
  return result.stdout.includes('"state":"NEW"')
    ? null
    : `this kernel's traces carry no conntrack state: ${result.stdout.trim()}`
}

/** Note of the oracle at a packet that a link not yet ready may have lost. */
const UNSETTLED = 'IPv6 output not ready?'

/** Asks again where the oracle doubts its network; what it says three times is so. */
async function runSettled(program: string, capture: string, options: readonly string[]): Promise<OracleLine[]> {
  let lines = await run(program, capture, options)
  for (let again = 0; again < 2 && lines.some(({ note }) => note?.includes(UNSETTLED)); again++) {
    lines = await run(program, capture, options)
  }
  return lines
}

async function runWithTable(program: string, capture: string, options: readonly string[]): Promise<OracleRun> {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-table-'))
  try {
    const [dump, v4, v6] = ['table.ndjson', 'saved.v4', 'saved.v6'].map((name) => join(folder, name))
    const save = `iptables-legacy-save -c >'${v4}' && ip6tables-legacy-save -c >'${v6}'`
    const lines = await runSettled(program, capture, [...options, '--dump-table', dump, '--post', save])
    const [table, ipv4, ipv6] = [dump, v4, v6].map((file) => readFileSync(file, 'latin1'))
    return { lines, table: parseLines<OracleEntry>(table), saved: { ipv4, ipv6 } }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(program: string, capture: string, options: readonly string[]): Promise<OracleLine[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [capture, '--quiet', ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
    const output: Buffer[] = []
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== 0) {
        reject(new Error(`kernel-oracle ${capture} ${options.join(' ')}: exit ${code}: ${errors.trim()}`))
        return
      }
      resolve(parseLines<OracleLine>(Buffer.concat(output).toString('latin1')))
    })
  })
}

function parseLines<T>(text: string): T[] {
  return text === ''
    ? []
    : (text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)) as T[])
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]
}
