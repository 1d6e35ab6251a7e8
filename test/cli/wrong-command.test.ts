import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { buildProgram } from '../support/built-program.ts'
import { fileWriter } from '../support/files.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { folder, main, remove } = buildProgram()
const written = fileWriter(folder)
const sample = join(root, 'pcaps/ssh-workstation.pcap')
const rules = join(root, 'pcaps/ssh-workstation.v4')

afterAll(remove)

function ctreplay(args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 30_000 })
}

describe('a wrong command', () => {
  it.each([
    [[], 'which capture?'],
    [[sample, '--rulez', 'x'], "there is no option --rulez; did you mean '--rules'?"],
    [[sample, '--rules'], '--rules needs a value'],
    [[sample, '--rules', rules, '--rules', rules], '--rules can be given only once'],
    [[sample, '--mode', 'bridge'], '--mode bridge: write router or host'],
    [[sample, '--mode'], '--mode needs a value'],
    [[sample, '--local', '10.0.0.300'], "--local: '10.0.0.300' is not an IP address"],
    [[sample, '--local', '10.0.0.0/33'], 'must be a number from 0 to 32'],
    [[sample, '--iface', 'eth0'], "--iface 'eth0': write NAME=CIDR"],
    [[sample, '--iface', 'eth0=lan'], "--iface: 'lan' is not an IP address"],
    [[sample, '--in-iface', 'eth+'], "--in-iface: 'eth+' is a pattern of rules; name one interface, like eth0"],
    [[sample, '--iface', 'eth+=10.0.0.0/8'], "--iface: 'eth+' is a pattern of rules; name one interface"],
    [[sample, '--in-iface', 'a name too long for Linux'], 'is not the name of an interface'],
    [
      [sample, '--sysctl', 'nf_conntrack_tcp_lose=0'],
      "--sysctl nf_conntrack_tcp_lose: not a sysctl that the replay knows; did you mean 'nf_conntrack_tcp_loose'?",
    ],
    [[sample, '--sysctl', 'tcp_loose=0'], "did you mean 'nf_conntrack_tcp_loose'?"],
    [[sample, '--sysctl', 'net.netfilter.nf_conntrack_maxx=9'], "did you mean 'nf_conntrack_max'?"],
    [[sample, '--sysctl', 'net.ipv4.ipfrag_tim=9'], "did you mean 'net.ipv4.ipfrag_time'?"],
    [[sample, '--sysctl', 'foo=1'], '--sysctl foo: not a sysctl that the replay knows; README.md lists them all'],
    [[sample, '--sysctl', 'nf_conntrack_tcp_loose=maybe'], 'the value must be a whole number'],
    [[sample, '--assume', 'ownr=yes'], "there is no match or target of that name; did you mean 'owner'?"],
    [[sample, '--assume', 'owner=perhaps'], 'the answer must be yes or no'],
    [
      [sample, '--sysctl', 'nf_conntrack_max=1', '--sysctl', 'net.netfilter.nf_conntrack_max=2'],
      'is given as 1 and as 2',
    ],
    [[sample, '--fail-on', 'drop'], '--fail-on drop: rules drop packets, and none are given; give --rules or --rules6'],
    [[sample, '--fail-on', 'rain'], '--fail-on rain: write drop, invalid or unknown'],
    [[sample, '--rules', '/nonexistent/rules'], 'cannot read the rules /nonexistent/rules: no such file'],
    [[sample, '--rules', root], 'it is a directory'],
    [
      [sample, '--timeout-policies', '/nonexistent/list'],
      'cannot read the timeout policies /nonexistent/list: no such file',
    ],
    [[sample, '--ipset', '/nonexistent/sets'], 'cannot read the sets /nonexistent/sets: no such file'],
    [[sample, '--nat', 'maybe'], '--nat maybe: write apply or ignore'],
    [[sample, '--helper', 'tcp/21'], '--helper'],
    [
      [sample, '--helper', 'tcp/21=ftp', '--helper', 'TCP/021=irc'],
      '--helper TCP/021=irc: the port has the ftp helper already; take one out',
    ],
    [[sample, '--counters', 'x'], '--counters writes the rules of --rules'],
    [[sample, '--rules', rules, '--counters', '-', '--ndjson', '-'], 'only one can have standard output'],
    [[sample, '--csv', '-', '--ndjson', '-'], '--ndjson - and --csv -: only one can have standard output'],
    [[sample, '--csv', '/nonexistent/x', '--parquet', '/nonexistent/../nonexistent/x'], 'would write the same file'],
    [[sample, '--parquet', '-'], '--parquet needs a file'],
    [[sample, '--parquet', '/nonexistent/x'], 'cannot write /nonexistent/x: no such directory'],
    [[sample, '--ndjson', '/nonexistent/x.ndjson'], 'cannot write /nonexistent/x.ndjson: no such directory'],
    [[sample, '--mode', 'host', '--rules', rules, '--local', ''], '--local needs a value'],
  ])('%j', (args, message) => {
    const { status, stdout, stderr } = ctreplay(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it.each([
    ['tcp/21=ftp', 'tcp/21=ftp'],
    ['auto', 'tcp/21=irc'],
  ])('is not --helper %s --helper %s', (one, other) => {
    expect(ctreplay([sample, '--helper', one, '--helper', other]).status).toBe(0)
  })

  it('empties no output before all of them can be written', () => {
    const kept = join(folder, 'kept')
    writeFileSync(kept, 'old')
    for (const other of ['--parquet', '--csv', '--counters']) {
      const { status, stderr } = ctreplay([
        sample,
        '--rules',
        rules,
        '--ndjson',
        kept,
        other,
        join(folder, 'none', 'x'),
      ])
      expect([status, stderr]).toEqual([2, expect.stringContaining('no such directory')])
      expect(readFileSync(kept, 'utf8')).toBe('old')
    }
  })

  it('never overwrites an input, under whatever name', () => {
    const copy = join(folder, 'copy.pcap')
    copyFileSync(sample, copy)
    const { status, stderr } = ctreplay([copy, '--ndjson', join(folder, 'build', '..', 'copy.pcap')])
    expect(status).toBe(2)
    expect(stderr).toContain('would overwrite the input')
    expect(readFileSync(copy).equals(readFileSync(sample))).toBe(true)
  })

  it.each(['--rules', '--rules6', '--ipset', '--timeout-policies', '--connlabels', '--fingerprints'])(
    'not what is behind %s either',
    (option) => {
      const input = join(folder, 'input')
      writeFileSync(input, 'kept')
      const { status, stderr } = ctreplay([sample, option, input, '--csv', input])
      expect([status, stderr]).toEqual([2, expect.stringContaining('would overwrite the input')])
      expect(readFileSync(input, 'utf8')).toBe('kept')
    },
  )

  it('shows a wrong rule with its line and the place', () => {
    const wrong = join(folder, 'wrong.v4')
    writeFileSync(
      wrong,
      '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 99999 -j DROP\n-A INPUT -j \u001b[31mNO\nCOMMIT\n',
    )
    const { status, stderr } = ctreplay([sample, '--rules', wrong])
    expect(status).toBe(2)
    const lines = stderr.split('\n')
    expect(lines[0]).toContain(`${wrong}:3:`)
    expect(lines[1]).toBe('  -A INPUT -p tcp --dport 99999 -j DROP')
    expect(lines[2]).toMatch(/^ +\^$/)
    expect(lines[1].slice(lines[2].indexOf('^'))).toMatch(/^(--dport )?99999/)
    expect(stderr).toContain('\\x1b[31mNO')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the rule's own must not reach the terminal
    expect(stderr).not.toMatch(/\u001b/)
  })
})

it('the caret stands below the place also after wide characters', () => {
  const lines = ['*filter', '-A INPUT -m comment --comment "日本語" -p tcp --dport 99999', 'COMMIT', '']
  const { stderr } = ctreplay([sample, '--rules', written('wide.v4', lines.join('\n'))])
  expect(stderr.split('\n')[2].indexOf('^')).toBe('  -A INPUT -m comment --comment "......" -p tcp --dport '.length)
})
