import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
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
const workstation = ['--mode', 'host', '--local', '192.0.2.10']

afterAll(remove)

function ctreplay(args: readonly string[], input?: Uint8Array): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', input, maxBuffer: 1 << 28, timeout: 30_000 })
}

function shell(line: string): SpawnSyncReturns<string> {
  const command = `ctreplay() { "${process.execPath}" "${main}" "$@"; }; ${line}`
  return spawnSync('bash', ['-c', command], { cwd: root, encoding: 'utf8', timeout: 30_000 })
}

/** A pcap of `count` UDP datagrams, each of a connection of its own. */
function manyDatagrams(count: number): Buffer {
  const header = Buffer.alloc(24)
  for (const [at, word] of [0xa1b2c3d4, 0x00040002, 0, 0, 65535, 101].entries()) header.writeUInt32LE(word, at * 4)
  const records = Buffer.alloc(count * 44)
  for (let i = 0; i < count; i++) {
    const at = i * 44
    records.writeUInt32LE(1_700_000_000 + Math.floor(i / 1000), at)
    records.writeUInt32LE((i % 1000) * 1000, at + 4)
    records.writeUInt32LE(28, at + 8)
    records.writeUInt32LE(28, at + 12)
    records.write('4500001c000000004011', at + 16, 'hex')
    records.writeUInt32BE(0x0a000000 + (i % 5000), at + 28)
    records.writeUInt32BE(0xc0000201, at + 32)
    records.writeUInt16BE(1024 + (i % 60_000), at + 36)
    records.writeUInt16BE(53, at + 38)
    records.writeUInt16BE(8, at + 40)
    let sum = 0
    for (let word = 0; word < 20; word += 2) sum += records.readUInt16BE(at + 16 + word)
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    records.writeUInt16BE(~sum & 0xffff, at + 26)
  }
  return Buffer.concat([header, records])
}

describe('the command', () => {
  it('reports what the rules drop', () => {
    const { status, stdout, stderr } = ctreplay([sample, '--rules', rules, ...workstation])
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toContain('94 frames')
    expect(stdout).toMatch(/DROP +3 +0 +3/)
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      '198.51.100.80:46478 > 192.0.2.10:22 tcp: lost the first packet of a connection (frame 48) by INPUT rule 2; ' +
        'since then 2 more dropped, 44 passed',
    )
    for (const line of stdout.split('\n').filter((one) => !one.includes(root)))
      expect(line.length).toBeLessThanOrEqual(80)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no colours where no terminal is
    expect(stdout).not.toMatch(/\u001b/)
  })

  it('writes a line for every frame, and the summary to standard error', () => {
    const { stdout, stderr } = ctreplay([sample, '--rules', rules, ...workstation, '--ndjson', '-'])
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map((line) => line.frame)).toEqual(Array.from({ length: 94 }, (_, i) => i + 1))
    expect(lines.filter((line) => line.verdict === 'DROP').map((line) => line.frame)).toEqual([48, 50, 51])
    expect(stderr).toContain('94 frames')
  })

  it('writes the same bytes twice, also from a pipe', () => {
    const one = join(folder, 'one.ndjson')
    expect(ctreplay([sample, '--rules', rules, '--ndjson', one, '--quiet'])).toMatchObject({ status: 0, stdout: '' })
    const piped = ctreplay(['-', '--rules', rules, '--ndjson', '-', '--quiet'], readFileSync(sample))
    expect(piped).toMatchObject({ status: 0, stderr: '' })
    expect(piped.stdout).toBe(readFileSync(one, 'utf8'))
  })

  it('says which file a frame is of when there are several', () => {
    const { stdout } = ctreplay([sample, join(root, 'pcaps/tftp.pcap'), '--ndjson', '-'])
    const files = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).file)
    expect(new Set(files)).toEqual(new Set([sample, join(root, 'pcaps/tftp.pcap')]))
  })

  it.each([
    ['drop', 1],
    ['invalid', 1],
    ['unknown', 0],
  ])('--fail-on %s exits with %i', (what, status) => {
    expect(ctreplay([sample, '--rules', rules, ...workstation, '--fail-on', what]).status).toBe(status)
  })

  it('writes the rules back with the counters of the replay', () => {
    const { stdout, stderr } = ctreplay([sample, '--rules', rules, ...workstation, '--counters', '-'])
    expect(stdout).toContain('[3:205] -A INPUT -j DROP\n')
    expect(stderr).toContain('Verdicts of the host 192.0.2.10')
  })

  it('lists the rules that matched nothing when asked', () => {
    const unused = join(folder, 'unused.v4')
    writeFileSync(unused, '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.9.9.9 -j DROP\nCOMMIT\n')
    const args = [sample, '--rules', unused, ...workstation]
    expect(ctreplay(args).stdout).toMatch(/Rules without a packet\n {2}the 1 rule of\s+\S+/)
    expect(ctreplay([...args, '--verbose']).stdout).toContain('line 3: -A INPUT -s 10.9.9.9 -j DROP')
    writeFileSync(
      unused,
      '*filter\n:INPUT ACCEPT\n:A -\n-A INPUT -s 10.9.9.9 -j A\n-A A -p tcp -j DROP\n-A A -j ACCEPT\nCOMMIT\n',
    )
    expect(ctreplay([...args, '--verbose']).stdout).toContain(
      '    line 4: -A INPUT -s 10.9.9.9 -j A\n    and all rules of these chains\n      A (lines 5-6)\n',
    )
    writeFileSync(unused, '*filter\n:INPUT ACCEPT\n-A INPUT -i eth0 -j DROP\n-A INPUT -s 10.9.9.9 -j DROP\nCOMMIT\n')
    expect(ctreplay(args).stdout).toMatch(/1 of 2 rules[^;]*;\s+\d+\s+undecided\s+packets\s+may\s+have\s+matched/)
  })

  it('reads rules from standard input, once', () => {
    const text = Buffer.from('*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n')
    expect(ctreplay(['check', '-', '--print'], text).stdout).toContain('-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n')
    expect(ctreplay([sample, '--rules', '-', ...workstation], text)).toMatchObject({ status: 0 })
    const wrong = ctreplay(['check', '-'], Buffer.from('*filter\n-A INPUT -p tcp --dprt 22\nCOMMIT\n'))
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('-:2:17: error:') })
    expect(wrong.stderr).toContain('  -A INPUT -p tcp --dprt 22\n')
    expect(ctreplay(['-', '--rules', '-'], text)).toMatchObject({ status: 2 })
    expect(ctreplay(['check', '-', '--ipset', '-'], text)).toMatchObject({ status: 2 })
  })

  it('checks rules alone', () => {
    expect(ctreplay(['check', rules])).toMatchObject({ status: 0, stdout: expect.stringContaining('  IPv4, 1 table') })
    const broken = join(folder, 'broken.v4')
    writeFileSync(broken, '*filter\n-A INPUT -j NOWHERE\nCOMMIT\n')
    expect(ctreplay(['check', broken])).toMatchObject({ status: 2, stderr: expect.stringContaining('broken.v4:2:') })
    const { status, stdout, stderr } = ctreplay(['check', broken, rules, '/nonexistent/rules'])
    expect([status, stdout]).toEqual([2, ctreplay(['check', rules]).stdout])
    expect(stderr).toMatch(/broken\.v4:2:.*-j NOWHERE.*ctreplay: cannot read the rules \/nonexistent\/rules: /s)
  })

  it('--fail-on drop finds rejected packets, too', () => {
    const rejecting = join(folder, 'rejecting.v4')
    writeFileSync(rejecting, '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -j REJECT\nCOMMIT\n')
    expect(ctreplay([sample, '--rules', rejecting, ...workstation, '--fail-on', 'drop']).status).toBe(1)
  })

  it('has help with examples, and a version', () => {
    for (const args of [['--help'], ['-h'], ['check', '-h']])
      expect(ctreplay(args)).toMatchObject({ status: 0, stdout: expect.stringContaining('Examples:') })
    expect(ctreplay(['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})

it('several captures by pipes leave the outputs alone', () => {
  const files = [sample, join(root, 'pcaps/tftp.pcap')]
  const pipes = files.map((file) => `<(cat ${file})`).join(' ')
  const framesOf = (line: string): string[] => {
    const { status, stdout, stderr } = shell(`set -o pipefail; ctreplay ${line} --ndjson - --quiet | cat`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return [...stdout.matchAll(/^\{"frame":\d+,"time":[\d.]+/gm)].map(([frame]) => frame)
  }
  const expected = framesOf(`${files.join(' ')} --threads 1`)
  expect(expected).toHaveLength(106)
  for (const threads of ['', '--threads 1', '--threads 2', '--threads 3'])
    expect(framesOf(`${pipes} ${threads}`)).toEqual(expected)
})

it.skipIf(!existsSync('/dev/full'))('a summary that finds the disk full says so', () => {
  const { status, stderr } = shell(`ctreplay ${sample} > /dev/full`)
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'ctreplay: cannot write standard output: no space is left on the device\n',
  })
})

describe('a capture that cannot be read', () => {
  it.each([
    ['a file that is not there', () => '/nonexistent/a.pcap', 'no such file'],
    ['a directory', () => root, 'is a directory'],
    ['an empty file', () => written('empty.pcap', Buffer.alloc(0)), 'empty'],
    [
      'text',
      () => written('text.pcap', Buffer.from('this is no capture, only some text\n')),
      'cannot be read as a capture',
    ],
  ])('%s', (_name, path, message) => {
    const { status, stdout, stderr } = ctreplay([path()])
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' })
    expect(stderr).toContain(message)
  })

  it.each(['chek', 'chekc'])('may be a command with a slip of the pen: %s', (word) => {
    const { status, stderr } = ctreplay([word, sample])
    expect([status, stderr]).toEqual([3, `ctreplay: ${word}: no such file; did you mean 'check'?\n`])
  })

  it('is reported as far as it goes when it ends too early', () => {
    const { status, stdout } = ctreplay(['-'], readFileSync(sample).subarray(0, 5000))
    expect(status).toBe(3)
    expect(stdout).toContain('Damage in the capture')
    expect(stdout).toMatch(/standard input, byte [\d,]+, after frame \d+/)
  })
})

describe('--threads', () => {
  it.each(['0', 'two', '-1', '1.5'])('%s is no number of threads', (value) => {
    const { status, stdout, stderr } = ctreplay([sample, `--threads=${value}`])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(`--threads: '${value}' is not a number of threads`)
  })

  it('what is wrong with the rules is told before what is wrong with the capture', () => {
    const wrong = written('wrong.v4', Buffer.from('*filter\n-A NOWHERE -j ACCEPT\nCOMMIT\n'))
    for (const threads of ['1', '2']) {
      const { status, stderr } = ctreplay(['/nonexistent/a.pcap', '--rules', wrong, '--threads', threads])
      expect(status).toBe(2)
      expect(stderr).toContain('wrong.v4:2:')
      expect(stderr).not.toContain('no such file')
    }
  })
})

/** Captures in which packets are looked up that another thread has not hashed: fragments, announced connections, quotes. */
describe.each(['udp-fragments.pcap.gz', 'ftp-active.pcap', 'tftp.pcap', 'ping-traceroute.pcapng'])(
  '%s through a pipe, which a thread of its own reads',
  (name) => {
    it('gets the answers that one thread gives', () => {
      const answers = (threads: string) => shell(`cat pcaps/${name} | ctreplay - ${threads} --quiet --ndjson -`)
      const alone = answers('--threads 1')
      expect({ ...alone, lines: alone.stdout.length > 1000 }).toMatchObject({ status: 0, lines: true, stderr: '' })
      expect(answers('').stdout).toBe(alone.stdout)
    })
  },
)

describe('pipes and signals', () => {
  it('stops quietly when the reader of the lines goes away', () => {
    const many = written('many.pcap', manyDatagrams(60_000))
    const { stdout, stderr } = shell(`ctreplay ${many} --ndjson - | head -1; echo "\${PIPESTATUS[0]}"`)
    expect(stderr).toBe('')
    const [line, status] = stdout.trimEnd().split('\n')
    expect(JSON.parse(line).frame).toBe(1)
    expect(status).toBe('0')
  })

  it('stops quietly when the reader of the summary goes away', () => {
    expect(shell(`ctreplay ${sample} | true`).stderr).toBe('')
  })

  it('waits for a slow reader and loses nothing', () => {
    const many = written('slow.pcap', manyDatagrams(60_000))
    const { stdout } = shell(`ctreplay ${many} --ndjson - --quiet | (sleep 1; wc -l)`)
    expect(stdout.trim()).toBe('60000')
  })

  it('reports what was read when it is interrupted, also while it waits for a pipe', async () => {
    const child = spawn(process.execPath, [main, '-', '--ndjson', '-'], { stdio: ['pipe', 'pipe', 'pipe'] })
    let report = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      report += text
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    child.stdin.on('error', () => {})
    child.stdin.write(manyDatagrams(10_000))
    child.stdout.once('data', () => child.kill('SIGINT')).resume()
    expect(await ended).toBe(130)
    expect(report).toContain('Interrupted')
    expect(report).toMatch(/[\d,]+ frames/)
  })
})
