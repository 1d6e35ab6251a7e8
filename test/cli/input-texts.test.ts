import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
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
const asked = '--mode host --local 192.0.2.10 --ndjson - --quiet'

afterAll(remove)

/** Process substitution is bash's. */
function bash(line: string): SpawnSyncReturns<string> {
  const command = `ctreplay() { "${process.execPath}" "${main}" "$@"; }; ${line}`
  return spawnSync('bash', ['-c', command], { encoding: 'utf8', timeout: 30_000 })
}

/** A summary without the part that names the files. */
function withoutOptions(summary: string): string {
  return summary.replace(/^Options\n(?: {2}.*\n)+\n/m, '')
}

describe('rules that come by a pipe', () => {
  const { stdout: byFile } = bash(`ctreplay ${sample} --rules ${rules} ${asked}`)

  it.each([1, 2, 4])('are the rules for all of %i threads', (threads) => {
    const by = (source: string): string =>
      bash(`ctreplay ${sample} --rules ${source} ${asked} --threads ${threads}`).stdout
    expect(byFile).toContain('"verdict":"DROP"')
    expect(by(`<(cat ${rules})`)).toBe(byFile)
    expect(by(`- < ${rules}`)).toBe(byFile)
    expect(by(`/dev/stdin < <(cat ${rules})`)).toBe(byFile)
  })

  it('are shown where they are wrong', () => {
    const { status, stderr } = bash(`ctreplay ${sample} --rules <(echo 'Chain INPUT (policy ACCEPT)')`)
    expect(status).toBe(2)
    expect(stderr).toContain(':1:1: error: this is what iptables -L prints')
    expect(stderr).toContain('\n  Chain INPUT (policy ACCEPT)\n  ^\n')
  })

  it('are read from standard input once', () => {
    const { status, stderr } = bash(`ctreplay check - - < ${rules}`)
    expect({ status, stderr: stderr.split('\n')[0] }).toEqual({
      status: 2,
      stderr: 'ctreplay: standard input was read already, for the rules; give the rules as a file',
    })
  })
})

describe.each([
  ['--connlabels', '1 known', '*filter\n-A INPUT -m connlabel --label known -j DROP\nCOMMIT\n'],
  [
    '--timeout-policies',
    'nfct add timeout quick inet tcp established 100',
    '*raw\n-A PREROUTING -p tcp -j CT --timeout quick\nCOMMIT\n',
  ],
  [
    '--fingerprints',
    '8192:64:1:52:M1460,N,W8,N,N,S:Some:1::Some System',
    '*filter\n-A INPUT -p tcp -m osf --genre Some -j DROP\nCOMMIT\n',
  ],
])('%s -', (option, text, rulesOf) => {
  const named = written(`${option}.v4`, rulesOf)
  const file = written(`${option}.txt`, `${text}\n`)

  it('reads standard input, as it would read a file', () => {
    for (const line of [`${sample} --rules ${named} --threads 4`, `check ${named}`]) {
      const byFile = bash(`ctreplay ${line} ${option} ${file}`)
      expect(byFile).toMatchObject({ status: 0, stderr: '' })
      const { status, stdout } = bash(`ctreplay ${line} ${option} - < ${file}`)
      expect({ status, stdout: withoutOptions(stdout) }).toEqual({ status: 0, stdout: withoutOptions(byFile.stdout) })
    }
  })

  it('leaves none of it to others', () => {
    const { status, stderr } = bash(`ctreplay ${sample} --rules - ${option} - < ${file}`)
    expect([status, stderr]).toEqual([2, expect.stringContaining('can come from standard input')])
    expect(bash(`ctreplay check - ${option} - < ${file}`)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('standard input was read already'),
    })
  })
})

it('sets may have a byte order mark, too', () => {
  const rulesOfSet = '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set s src -j DROP\nCOMMIT\n'
  const named = written('set.v4', rulesOfSet)
  const sets = 'create s hash:ip family inet\nadd s 198.51.100.80\n'
  const files = [written('plain.ipset', sets), written('marked.ipset', Buffer.from(`\ufeff${sets}`, 'utf16le'))]
  const [plain, marked] = files.map((file) => bash(`ctreplay ${sample} --mode router --rules ${named} --ipset ${file}`))
  expect(plain.stdout).toMatch(/DROP +\d/)
  expect(withoutOptions(marked.stdout)).toBe(withoutOptions(plain.stdout))
  expect(marked.status).toBe(0)
})

describe('a file of rules', () => {
  const text = readFileSync(rules, 'utf8')
  const little = Buffer.from(`\ufeff${text}`, 'utf16le')

  it.each([
    ['little-endian', little],
    ['big-endian', Buffer.from(little).swap16()],
  ])('may be UTF-16 with a byte order mark, %s', (name, bytes) => {
    const file = written(`${name}.v4`, bytes)
    const { status, stdout } = bash(`ctreplay check ${file} && ctreplay check --print ${file}`)
    expect(status).toBe(0)
    expect(stdout).toContain('begins with a byte order mark')
    expect(stdout).toContain(bash(`ctreplay check --print ${rules}`).stdout)
  })

  it.each([
    ['a capture', readFileSync(sample)],
    ['compressed rules', Buffer.from('1f8b0800000000000003d3e2', 'hex')],
  ])('is refused when it is %s', (_, bytes) => {
    const file = written('no-text.v4', bytes)
    const { status, stderr } = bash(`ctreplay ${sample} --rules ${file}`)
    expect({ status, stderr: stderr.split('\n')[0] }).toEqual({
      status: 2,
      stderr: `ctreplay: cannot read the rules ${file}: it is not text; captures are named without an option, and compressed files must be unpacked first`,
    })
  })
})
