import { readFileSync } from 'node:fs'
import yargs from 'yargs'
import type { ReplayOptions } from '../netfilter/replay.ts'
import { UsageError } from './exit-codes.ts'
import { nearest } from './nearest.ts'
import {
  assumptions,
  helperPorts,
  interfaceName,
  interfaceNetworks,
  localAddresses,
  sysctlSettings,
} from './option-values.ts'

const FAIL_ON = ['drop', 'invalid', 'unknown'] as const
export type FailOn = (typeof FAIL_ON)[number]

/** What the user asked for, checked. Rulesets are still to be read. */
export interface CommandLine {
  captures: readonly string[]
  rules: string | undefined
  rules6: string | undefined
  replay: Omit<ReplayOptions, 'rules' | 'rules6' | 'stop'>
  ndjson: string | undefined
  reader: 'native' | 'pcap-parser'
  failOn: ReadonlySet<FailOn>
  quiet: boolean
}

const OPTIONS = {
  rules: { string: true, describe: 'IPv4 rules, as iptables-save prints them' },
  rules6: { string: true, describe: 'IPv6 rules, as ip6tables-save prints them' },
  mode: { string: true, choices: ['router', 'host'], describe: 'The machine that the rules run on (else inferred)' },
  local: { string: true, describe: 'Its own addresses: ADDR[/LEN][,…] (else inferred)' },
  iface: { string: true, describe: 'The networks behind an interface: NAME=CIDR[,CIDR]; may be repeated' },
  'in-iface': { string: true, describe: 'All packets come in by this interface' },
  'out-iface': { string: true, describe: 'All packets leave by this interface' },
  sysctl: { string: true, describe: 'Set the tracker: nf_conntrack_…=N; may be repeated' },
  helper: {
    string: true,
    describe: 'Tracking helpers: auto (the usual ports) or PROTO/PORT=NAME; may be repeated',
  },
  checksum: {
    string: true,
    choices: ['auto', 'verify', 'ignore'],
    describe: 'What a wrong checksum means (else auto)',
  },
  assume: { string: true, describe: 'Settle what a capture cannot show: MATCH=yes|no; may be repeated' },
  ndjson: { string: true, describe: 'One JSON object per frame, to a file, or - for standard output' },
  reader: { string: true, choices: ['native', 'pcap-parser'], describe: 'Which code reads the capture (else native)' },
  'fail-on': { string: true, choices: FAIL_ON, describe: 'Exit with 1 when there are such packets; may be repeated' },
  quiet: { boolean: true, describe: 'No summary' },
} as const

type OptionName = keyof typeof OPTIONS
const REPEATABLE: ReadonlySet<string> = new Set<OptionName>(['local', 'iface', 'sysctl', 'helper', 'assume', 'fail-on'])
const KNOWN = [...Object.keys(OPTIONS), 'help', 'version']

/** The whole answer to `--help` or `--version`. */
export interface HelpText {
  readonly help: string
}

/** @throws UsageError */
export async function parseCommandLine(args: readonly string[]): Promise<CommandLine | HelpText> {
  let help = ''
  const parser = yargs()
    .scriptName('ctreplay')
    .usage(
      '$0 CAPTURE… [options]\n\nReplays packet captures through the connection tracker of Linux and an iptables ruleset:\n' +
        'which packets would have been dropped, by which rule, and why.\n\n' +
        'CAPTURE is a pcap or pcapng file, also compressed by gzip or zstd, or - for standard input.\n' +
        'Several captures are merged by time.',
    )
    .options(OPTIONS)
    .example('$0 web.pcap --rules rules.v4', 'what would be dropped')
    .example('$0 web.pcap --rules rules.v4 --mode host --local 192.0.2.10', 'on the host 192.0.2.10')
    .example('$0 a.pcap --rules r.v4 --iface lan=10.0.0.0/8 --iface wan=0.0.0.0/0', 'on a router')
    .example('tcpdump -w - | $0 - --rules rules.v4 --ndjson - | jq .', 'every packet, as it happens')
    .epilogue('Exit codes: 0 done, 1 --fail-on found some, 2 wrong command or rules, 3 capture damaged.')
    .version(packageVersion())
    .strictOptions()
    .locale('en')
    .wrap(80)
    .exitProcess(false)
    .showHelpOnFail(false)
    .parserConfiguration({
      'parse-positional-numbers': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'boolean-negation': false,
      'duplicate-arguments-array': true,
      'flatten-duplicate-arrays': false,
      'short-option-groups': false,
    })
    .fail((message, error) => {
      throw new UsageError(explain(message ?? error?.message ?? ''))
    })
  const argv = await parser.parse(withDashValues(args), {}, (_error, _argv, output) => {
    help = output
  })
  if (help !== '' || argv.help === true || argv.version === true) return { help: `${help}\n` }

  const given = new Map(Object.entries(argv).filter(([name, value]) => name in OPTIONS && value !== undefined))
  const all = (name: OptionName): string[] => [given.get(name) ?? []].flat().map(String)
  const one = (name: OptionName): string | undefined => all(name)[0]
  for (const name of given.keys()) checkValues(name, [given.get(name)].flat())

  const captures = argv._.map(String)
  if (captures.length === 0) throw new UsageError('which capture? Give its name, or - for standard input')
  const inInterface = one('in-iface')
  const outInterface = one('out-iface')
  return {
    captures,
    rules: one('rules'),
    rules6: one('rules6'),
    replay: {
      mode: argv.mode as ReplayOptions['mode'],
      local: localAddresses(all('local')),
      interfaces: interfaceNetworks(all('iface')),
      inInterface: inInterface && interfaceName('--in-iface', inInterface),
      outInterface: outInterface && interfaceName('--out-iface', outInterface),
      sysctls: sysctlSettings(all('sysctl')),
      checksum: (argv.checksum ?? 'auto') as ReplayOptions['checksum'],
      helperPorts: helperPorts(all('helper')),
      assume: assumptions(all('assume')),
    },
    ndjson: one('ndjson'),
    reader: (argv.reader ?? 'native') as CommandLine['reader'],
    failOn: new Set(all('fail-on') as FailOn[]),
    quiet: argv.quiet === true,
  }
}

/** `--ndjson -` as `--ndjson=-`: yargs would take the dash for a capture. */
function withDashValues(args: readonly string[]): string[] {
  return args.flatMap((word, i) => {
    if (word === '-' && args[i - 1] === '--ndjson') return []
    return word === '--ndjson' && args[i + 1] === '-' ? ['--ndjson=-'] : [word]
  })
}

function checkValues(name: string, values: readonly unknown[]): void {
  if (values.length > 1 && !REPEATABLE.has(name)) throw new UsageError(`--${name} can be given only once`)
  if (values.includes('')) throw new UsageError(`--${name} needs a value`)
}

/** Our words for what yargs found wrong. */
function explain(message: string): string {
  const unknown = /^Unknown arguments?: (.*)/.exec(message)
  if (unknown !== null) {
    const name = unknown[1].split(', ')[0]
    const written = name.length === 1 ? `-${name}` : `--${name}`
    return `there is no option ${written}${nearest(name, KNOWN).replace("'", "'--")}`
  }
  const choice = /Argument: (\S+), Given: (.*), Choices: (.*)/.exec(message)
  if (choice !== null) {
    const value = choice[2].replace(/^"(.*)"$/, '$1')
    const choices = choice[3].replaceAll('"', '')
    if (value === '') return `--${choice[1]} needs a value: ${choices.replace(/, (?=\S+$)/, ' or ')}`
    return `--${choice[1]} ${value}: write ${choices.replace(/, (?=\S+$)/, ' or ')}`
  }
  const missing = /Not enough arguments following: (.*)/.exec(message)
  return missing === null ? message : `--${missing[1]} needs a value`
}

export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
