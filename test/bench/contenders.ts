import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { familyOf } from './rule-times.ts'
import { rulesetFile } from './rulesets.ts'
import { variedRules, variedSets } from './varied-rules.ts'
import { type Contender, isInstalled } from './whole-process.ts'

export const MAIN = join(process.cwd(), 'dist/cli/main.js')
/** The captures hold more connections than nf_conntrack_max allows by default, and the peers have no such limit. */
export const OPTIONS = ['--mode', 'router', '--sysctl', 'nf_conntrack_max=0'] as const
/** Rules in the comparison of outputs and threads. */
export const USUAL_RULES = 100
/** Rules of one shape, and of all that rulesets are made of, beside the four shapes that every number is measured with. */
const SHAPED_RULES = 10_000
/** Files that a run may write beside the summary, by option. */
const OUTPUTS = [
  ['NDJSON', '--ndjson'],
  ['CSV', '--csv'],
  ['Parquet', '--parquet'],
] as const

interface Line {
  readonly contenders: readonly Contender[]
  /** Names of those that this machine or this ctreplay does not have. */
  readonly missing: readonly string[]
}

export const rulesName = (count: number): string => `ctreplay, ${count.toLocaleString('en')} rules`
export const OURS = rulesName(USUAL_RULES)
export const ONE_THREAD = `${OURS}, one thread`
export const NDJSON = `${OURS}, NDJSON`
export const TCPDUMP = 'tcpdump -w /dev/null'
export const OVS = 'Open vSwitch test-conntrack'
export const TSHARK = 'tshark, two fields'

/** And whether this ctreplay can do it, or it was asked for. */
type Entrant = readonly [Contender, boolean]

/** Everybody who replays this capture. @param counts numbers of rules */
export function lineUp(
  path: string,
  counts: readonly number[],
  isMixed: boolean,
  withTshark: boolean,
  cache: string,
): Line {
  const known = spawnSync('node', [MAIN, '--help'], { encoding: 'utf8' }).stdout
  const ours = (name: string, ...options: string[]): Contender => ({
    name,
    command: ['node', MAIN, path, ...OPTIONS, ...options],
  })
  const usual = ['--rules', rulesetFile(USUAL_RULES, cache)]
  const wanted: Entrant[] = [
    [{ name: TCPDUMP, isPeer: true, command: ['tcpdump', '-r', path, '-w', '/dev/null'] }, true],
    [ours('ctreplay, no rules'), true],
    ...counts.map((count): Entrant => [ours(rulesName(count), '--rules', rulesetFile(count, cache)), true]),
    [ours(ONE_THREAD, ...usual, '--threads', '1'), known.includes('--threads')],
    ...OUTPUTS.map(
      ([name, option]): Entrant => [ours(`${OURS}, ${name}`, ...usual, option, '/dev/null'), known.includes(option)],
    ),
    [ours(`${rulesName(SHAPED_RULES)}, one shape`, '--rules', rulesetFile('one shape', cache)), true],
    [ours(`${rulesName(SHAPED_RULES)}, all kinds`, ...variedOptions(cache)), true],
    ...peers(path, cache, withTshark),
  ]
  if (isMixed) wanted.push([ours('ctreplay, 10 rules and NAT', '--rules', rulesetFile('nat', cache)), true])
  const isThere = ([contender, isPossible]: Entrant): boolean => isPossible && isInstalled(contender)
  return {
    contenders: wanted.filter(isThere).map(([contender]) => contender),
    missing: wanted.filter((entrant) => !isThere(entrant)).map(([{ name }]) => name),
  }
}

/** A replay with each of these rulesets. */
export function withRulesets(path: string, rulesets: readonly string[]): Contender[] {
  return rulesets.map((rules) => {
    const option = familyOf(rules) === 'ipv6' ? '--rules6' : '--rules'
    return { name: basename(rules), command: ['node', MAIN, path, ...OPTIONS, option, rules] }
  })
}

function peers(path: string, cache: string, withTshark: boolean): Entrant[] {
  const reference = compiledReference(cache)
  const programs: Entrant[] = [
    [{ name: 'C reference', command: [reference, path] }, true],
    [{ name: 'C reference, batches of 32', command: [reference, path, '32'] }, true],
    [{ name: OVS, command: ['ovstest', 'test-conntrack', 'pcap', path, '32'] }, true],
    [{ name: 'softflowd', command: ['softflowd', '-r', path] }, true],
    [{ name: 'argus', command: ['argus', '-r', path, '-w', '/dev/null'] }, true],
    [{ name: TSHARK, command: ['tshark', '-r', path, '-T', 'fields', '-e', 'ip.src', '-e', 'tcp.seq'] }, withTshark],
  ]
  return programs.map(([contender, isWanted]) => [{ ...contender, isPeer: true }, isWanted])
}

/** `reference.c`, or a path where nothing is on a machine without a compiler. */
function compiledReference(cache: string): string {
  const program = join(cache, 'reference')
  spawnSync('gcc', ['-O2', '-o', program, join(process.cwd(), 'test/bench/reference.c')], { stdio: 'inherit' })
  return program
}

function variedOptions(cache: string): string[] {
  const rules = join(cache, 'rules-all-kinds.v4')
  const sets = join(cache, 'rules-all-kinds.sets')
  writeFileSync(rules, variedRules(SHAPED_RULES, 'ipv4', false))
  writeFileSync(sets, variedSets('ipv4'))
  return ['--rules', rules, '--ipset', sets, '--iface', 'eth0=10.0.0.0/8', '--iface', 'eth1=0.0.0.0/0']
}
