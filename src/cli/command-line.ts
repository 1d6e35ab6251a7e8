import type { Argv } from 'yargs'
import type { ReplayOptions } from '../netfilter/replay.ts'
import { UsageError } from './exit-codes.ts'
import {
  assumptions,
  helperPorts,
  interfaceName,
  interfaceNetworks,
  localAddresses,
  sysctlSettings,
  threadCount,
} from './option-values.ts'
import { OUTPUT_OPTIONS, type Outputs, outputsOf } from './outputs.ts'
import { type HelpText, newParser, parseArguments } from './parser.ts'
import { RULE_FILE_OPTIONS } from './rule-files.ts'

const FAIL_ON = ['drop', 'invalid', 'unknown'] as const
type FailOn = (typeof FAIL_ON)[number]

/** The command line, checked. The files that it names have not been read yet. */
export interface CommandLine extends Outputs {
  captures: readonly string[]
  rules: string | undefined
  rules6: string | undefined
  ipsets: readonly string[]
  timeoutPolicies: string | undefined
  connlabels: string | undefined
  fingerprints: string | undefined
  /** Options that results depend on, as they were given: `--nat ignore`, … */
  given: readonly string[]
  replay: Omit<ReplayOptions, 'rules' | 'rules6' | 'sets' | 'timeoutPolicies' | 'fingerprints' | 'stop'>
  reader: 'native' | 'pcap-parser'
  /** Undefined where the size of the capture decides. */
  threads: number | undefined
  failOn: ReadonlySet<FailOn>
  quiet: boolean
  verbose: boolean
}

const OPTIONS = {
  rules: { string: true, describe: 'IPv4 rules, as iptables-save prints them' },
  rules6: { string: true, describe: 'IPv6 rules, as ip6tables-save prints them' },
  ipset: RULE_FILE_OPTIONS.ipset,
  mode: { string: true, choices: ['router', 'host'], describe: 'The machine that the rules run on (else inferred)' },
  local: { string: true, describe: 'Its own addresses: ADDR[/LEN][,…] (else inferred); may be repeated' },
  iface: { string: true, describe: 'The networks behind an interface: NAME=CIDR[,CIDR]; may be repeated' },
  'in-iface': { string: true, describe: 'All packets come in by this interface' },
  'out-iface': { string: true, describe: 'All packets leave by this interface' },
  sysctl: { string: true, describe: 'Set the tracker: nf_conntrack_…=N; may be repeated' },
  'timeout-policies': RULE_FILE_OPTIONS['timeout-policies'],
  connlabels: RULE_FILE_OPTIONS.connlabels,
  fingerprints: RULE_FILE_OPTIONS.fingerprints,
  helper: {
    string: true,
    describe: 'Tracking helpers: auto (the usual ports) or PROTO/PORT=NAME; may be repeated',
  },
  nat: { string: true, choices: ['apply', 'ignore'], describe: 'Whether the nat table changes addresses (else apply)' },
  checksum: {
    string: true,
    choices: ['auto', 'verify', 'ignore'],
    describe: 'What a wrong checksum means (else auto)',
  },
  copies: {
    string: true,
    choices: ['auto', 'keep', 'skip'],
    describe: 'What becomes of frames that show a packet once more, as with tcpdump -i any (else auto)',
  },
  assume: { string: true, describe: 'Settle what a capture cannot show: MATCH=yes|no; may be repeated' },
  ndjson: { string: true, describe: 'One JSON object per frame, to a file, or - for standard output' },
  csv: { string: true, describe: 'A table of all frames as comma-separated values, to a file, or -' },
  parquet: { string: true, describe: 'The same table as a Parquet file, for DuckDB, pandas, Spark, …' },
  counters: { string: true, describe: 'The IPv4 rules with the packets and bytes of this replay, to a file, or -' },
  counters6: { string: true, describe: 'The same with the IPv6 rules' },
  reader: { string: true, choices: ['native', 'pcap-parser'], describe: 'Which code reads the capture (else native)' },
  threads: {
    string: true,
    describe: 'How many: 1, 2 (one reads ahead), 3 (one writes outputs), more (share the tracking)',
  },
  'fail-on': {
    string: true,
    choices: FAIL_ON,
    describe: 'Exit with 1 when there are such packets (drop: rejected ones, too); may be repeated',
  },
  verbose: { boolean: true, describe: 'A longer summary: whole lists, and the rules that matched nothing' },
  quiet: { boolean: true, describe: 'No summary, only what is damaged in a capture' },
} as const

type OptionName = keyof typeof OPTIONS
const REPEATABLE: ReadonlySet<string> = new Set<OptionName>([
  'ipset',
  'local',
  'iface',
  'sysctl',
  'helper',
  'assume',
  'fail-on',
])

/** The options that a command line gives. */
interface GivenOptions {
  /** All values of the option, as texts. */
  all(name: OptionName): string[]
  /** Its only value; undefined where it was not given. */
  one(name: OptionName): string | undefined
}

/** @throws UsageError */
export async function parseCommandLine(args: readonly string[]): Promise<CommandLine | HelpText> {
  const { argv, help } = await parseArguments(commandParser(), args, [...TEXT_OPTIONS, ...OUTPUT_OPTIONS])
  if (help !== null) return { help }
  const given = givenOptions(argv)
  const { all, one } = given
  checkCounters(one)
  checkFailOn(given.all('fail-on'), one)
  const outputs = outputsOf(one)
  const captures = argv._.map(String)
  if (captures.length === 0) throw new UsageError('which capture? Give its name, or - for standard input')
  const fromStdin = [...captures, ...TEXT_OPTIONS.flatMap(all)].filter((path) => path === '-')
  if (fromStdin.length > 1) {
    throw new UsageError('only one of captures, rules and other files can come from standard input; name the others')
  }
  return {
    captures,
    rules: one('rules'),
    rules6: one('rules6'),
    ipsets: all('ipset'),
    timeoutPolicies: one('timeout-policies'),
    connlabels: one('connlabels'),
    fingerprints: one('fingerprints'),
    given: RESULT_OPTIONS.flatMap((name) => given.all(name).map((value) => `--${name} ${value}`)),
    replay: replaySettings(given),
    ...outputs,
    reader: (one('reader') ?? 'native') as CommandLine['reader'],
    threads: threadCount(one('threads')),
    failOn: new Set(all('fail-on') as FailOn[]),
    quiet: argv.quiet === true,
    verbose: argv.verbose === true,
  }
}

function commandParser(): Argv<unknown> {
  return newParser('ctreplay', Object.keys(OPTIONS))
    .usage(
      '$0 CAPTURE… [options]\n$0 check RULES… [options]\n\nReplays packet captures through the connection tracker of Linux and iptables\n' +
        'rules: which packets would have been dropped, by which rule, and why.\n\n' +
        'CAPTURE is a pcap or pcapng file, also compressed by gzip or zstd, or - for\n' +
        'standard input. Several captures are merged by time.',
    )
    .options(OPTIONS)
    .example('$0 web.pcap --rules rules.v4', 'what would be dropped')
    .example('$0 web.pcap --rules rules.v4 --mode host --local 192.0.2.10', 'on the host 192.0.2.10')
    .example('$0 a.pcap --rules r.v4 --iface lan=10.0.0.0/8 --iface wan=0.0.0.0/0', 'on a router')
    .example(
      'tcpdump -U -w - | $0 - --local 192.0.2.10 --checksum verify --rules rules.v4 --ndjson - | jq .',
      'every packet, as it happens: nothing is to be inferred from the first ones',
    )
    .example('$0 check rules.v4', 'what can be said about the rules alone')
    .epilogue(
      'Exit codes: 0 done, 1 --fail-on found some, 2 wrong command or rules, 3 capture damaged (before 1), 130 interrupted.',
    )
}

/** @throws UsageError where an option has no value, or several and needs one */
function givenOptions(argv: Readonly<Record<string, unknown>>): GivenOptions {
  const given = new Map(Object.entries(argv).filter(([name, value]) => name in OPTIONS && value !== undefined))
  for (const [name, values] of given) checkValues(name, [values].flat())
  const all = (name: OptionName): string[] => [given.get(name) ?? []].flat().map(String)
  return { all, one: (name) => all(name)[0] }
}

/** @throws UsageError where a value makes no sense */
function replaySettings({ all, one }: GivenOptions): CommandLine['replay'] {
  const inInterface = one('in-iface')
  const outInterface = one('out-iface')
  return {
    mode: one('mode') as ReplayOptions['mode'],
    local: localAddresses(all('local')),
    interfaces: interfaceNetworks(all('iface')),
    inInterface: inInterface && interfaceName('--in-iface', inInterface),
    outInterface: outInterface && interfaceName('--out-iface', outInterface),
    sysctls: sysctlSettings(all('sysctl')),
    checksum: (one('checksum') ?? 'auto') as ReplayOptions['checksum'],
    helperPorts: helperPorts(all('helper')),
    nat: (one('nat') ?? 'apply') as ReplayOptions['nat'],
    copies: (one('copies') ?? 'auto') as ReplayOptions['copies'],
    assume: assumptions(all('assume')),
  }
}

/** The options that name files to be read as text. */
const TEXT_OPTIONS = [
  'rules',
  'rules6',
  'ipset',
  'timeout-policies',
  'connlabels',
  'fingerprints',
] as const satisfies OptionName[]

/** The options that results depend on. */
const RESULT_OPTIONS = [
  ...TEXT_OPTIONS,
  'mode',
  'local',
  'iface',
  'in-iface',
  'out-iface',
  'sysctl',
  'helper',
  'nat',
  'checksum',
  'copies',
  'assume',
  'reader',
] as const satisfies OptionName[]

function checkValues(name: string, values: readonly unknown[]): void {
  if (values.length > 1 && !REPEATABLE.has(name)) throw new UsageError(`--${name} can be given only once`)
  if (values.includes('')) throw new UsageError(`--${name} needs a value`)
}

/** `--counters` needs `--rules`, and `--counters6` needs `--rules6`. */
function checkCounters(one: (name: OptionName) => string | undefined): void {
  for (const [counters, rules] of [
    ['counters', 'rules'],
    ['counters6', 'rules6'],
  ] as const) {
    if (one(counters) !== undefined && one(rules) === undefined) {
      throw new UsageError(`--${counters} writes the rules of --${rules}, which are not given`)
    }
  }
}

/** Without rules nothing is dropped (but for a full connection table), so that `--fail-on drop` would never fail. */
function checkFailOn(failOn: readonly string[], one: (name: OptionName) => string | undefined): void {
  if (failOn.includes('drop') && one('rules') === undefined && one('rules6') === undefined) {
    throw new UsageError('--fail-on drop: rules drop packets, and none are given; give --rules or --rules6')
  }
}
