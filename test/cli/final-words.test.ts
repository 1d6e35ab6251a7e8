import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { linkSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { EXIT_CAPTURE } from '../../src/cli/exit-codes.ts'
import { buildProgram } from '../support/built-program.ts'
import { fileWriter } from '../support/files.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { folder, main, remove } = buildProgram()
const written = fileWriter(folder)
const capture = join(root, 'pcaps/web-server.pcap')
const rules = join(root, 'pcaps/web-server.v4')
const bytes = readFileSync(capture)

afterAll(remove)

function ctreplay(...args: string[]): SpawnSyncReturns<string> {
  const options = { encoding: 'utf8', input: bytes, timeout: 30_000 } as const
  return spawnSync(process.execPath, [main, ...args], options)
}

/** On one line. */
const summary = (...args: string[]): string => ctreplay(...args).stdout.replace(/\s+/g, ' ')

const limited = written('limited.v4', '*filter\n-A FORWARD -m limit --limit 1/s -j ACCEPT\nCOMMIT\n')

describe('damage of a capture', () => {
  const cut = written('cut.pcap', bytes.subarray(0, 5000))

  it.each([[], ['--ndjson', '/dev/null'], ['--threads', '2']])('is said with --quiet, too: %j', (...options) => {
    const { status, stdout, stderr } = ctreplay(cut, '--quiet', ...options)
    expect({ status, stdout }).toEqual({ status: EXIT_CAPTURE, stdout: '' })
    expect(stderr).toBe(
      `ctreplay: ${cut}, byte 4,231, after frame 22: the capture ends inside a record, with 753 bytes of its frame; ` +
        'reading ended here\n',
    )
  })

  it('is said once without it', () => {
    const { stdout, stderr } = ctreplay(cut)
    expect(stderr).toBe('')
    expect(stdout.match(/byte 4,231/g)).toHaveLength(1)
  })
})

describe('a capture that is given twice', () => {
  const link = join(folder, 'link.pcap')
  linkSync(written('linked.pcap', bytes), link)

  it('is named by a warning, under both of its names', () => {
    expect(summary(capture, capture)).toContain(`${capture} is given twice: each of its packets is replayed twice.`)
    const linked = join(folder, 'linked.pcap')
    expect(summary(linked, capture, link)).toContain(
      `${linked} is given twice, also as ${link}: each of its packets is replayed twice.`,
    )
  })

  it('is not one that was copied', () => {
    expect(summary(capture, link)).not.toContain('Warnings')
  })
})

describe('why one thread tracks all connections', () => {
  it.each([
    [[capture], 'By no rule: threads may share the tracking by pairs of hosts (--threads).'],
    [['-'], 'By no rule. Yet one thread tracks all connections: standard input cannot be read a second time.'],
    [
      [capture, '--helper', 'tcp/2121=ftp'],
      'By no rule. Yet one thread tracks all connections: helpers (--helper) may announce connections between other hosts.',
    ],
  ])('%j', (args, sentence) => {
    expect(summary(...args, '--rules', rules, '--verbose')).toContain(sentence)
  })

  it.each([
    [['-', '--threads', '4'], 'standard input cannot be read a second time.'],
    [
      [capture, '--threads', '4', '--copies', 'skip'],
      'copies of packets (--copies) are looked for among those of all hosts.',
    ],
    [
      [capture, '--threads', '4', '--helper', 'auto'],
      'helpers (--helper) may announce connections between other hosts.',
    ],
    [
      [capture, '--threads', '5', '--mode', 'router', '--rules', limited],
      'FORWARD rule 1 (line 2) makes connections depend on each other.',
    ],
    [
      [capture, '--threads', '4', '--mode', 'router', '--sysctl', 'nf_conntrack_max=2'],
      'the connection table might have become full (nf_conntrack_max).',
    ],
  ])('is a warning for who asked for more: %j', (args, why) => {
    expect(summary(...args)).toContain(`: one thread tracked all connections, because ${why}`)
  })

  it.each([
    [[capture, '--threads', '4']],
    [['-', '--threads', '2']],
    [[capture, '--threads', '3', '--helper', 'auto']],
    [['-', '--threads', '4', '--csv', '/dev/null']],
    [[capture, '--mode', 'router', '--rules', limited]],
  ])('is none where threads share the work, or nobody asked that they do: %j', (args) => {
    expect(summary(...args)).not.toContain('one thread tracked')
  })
})
