import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, describe, expect, it } from 'vitest'
import { EXIT_DONE, EXIT_INTERRUPTED } from '../../src/cli/exit-codes.ts'
import { CAPTURES, captureFile } from '../bench/captures.ts'
import { buildProgram } from '../support/built-program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { folder, main, remove } = buildProgram()
const capture = join(root, 'pcaps/web-server.pcap')
const bytes = readFileSync(capture)
const FRAMES = 65
/** More than what is on its way between threads and in pipes. */
const large = captureFile(CAPTURES.filter(({ name }) => name === 'mixed')[0], 60_000, folder)
const options = ['--rules', join(root, 'pcaps/web-server.v4'), '--quiet']

afterAll(remove)

function ctreplay(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 30_000 })
}

function shell(line: string): SpawnSyncReturns<string> {
  const command = `set -o pipefail; ctreplay() { "${process.execPath}" "${main}" "$@"; }; ${line}`
  return spawnSync('bash', ['-c', command], { cwd: root, encoding: 'utf8', timeout: 30_000 })
}

const at = (name: string): string => join(folder, name)

/** Records without line breaks or quotes inside. */
function table(csv: string): Record<string, string>[] {
  const [names, ...rows] = csv
    .trimEnd()
    .split('\n')
    .map((line) => Array.from(line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g), ([, quoted, plain]) => quoted ?? plain))
  return rows.map((row) => Object.fromEntries(row.map((value, i) => [names[i], value])))
}

describe('outputs of every packet', () => {
  it('are written in one pass, and say the same', async () => {
    const files = ['--ndjson', at('p.ndjson'), '--parquet', at('p.parquet'), '--csv', '-']
    const { status, stdout, stderr } = ctreplay(capture, ...options, ...files)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const lines: Record<string, unknown>[] = readFileSync(at('p.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toHaveLength(FRAMES)
    const rows = table(stdout)
    const parquet = readFileSync(at('p.parquet'))
    const file = parquet.buffer.slice(parquet.byteOffset, parquet.byteOffset + parquet.length) as ArrayBuffer
    const cells = await parquetReadObjects({ file })
    for (const [i, line] of lines.entries()) {
      for (const name of ['frame', 'src', 'sport', 'length', 'verdict', 'rule', 'line', 'reason', 'connection']) {
        expect([name, rows[i][name]]).toEqual([name, String(line[name] ?? '')])
        expect([name, String(cells[i][name] ?? '')]).toEqual([name, String(line[name] ?? '')])
      }
    }
  })

  it('are the same bytes the second time', () => {
    const run = (name: string): void => {
      const { status } = ctreplay(capture, ...options, '--csv', at(`${name}.csv`), '--parquet', at(`${name}.parquet`))
      expect(status).toBe(0)
    }
    run('one')
    run('two')
    for (const kind of ['csv', 'parquet'])
      expect(readFileSync(at(`one.${kind}`)).equals(readFileSync(at(`two.${kind}`)))).toBe(true)
  })
})

/** Without and with a thread that writes. */
describe.each([1, 3])('outputs of every packet, with %i threads', (threads) => {
  const ofThreads = ['--threads', String(threads)]
  const all = [...options, ...ofThreads]

  it.skipIf(!existsSync('/dev/full')).each(['csv', 'parquet', 'ndjson'])('say when the disk is full: --%s', (kind) => {
    const { status, stdout, stderr } = ctreplay(capture, ...all, `--${kind}`, '/dev/full')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toBe('ctreplay: cannot write /dev/full: no space is left on the device\n')
  })

  it('stop quietly when their only reader goes away', () => {
    const { status, stdout, stderr } = shell(`ctreplay ${capture} ${all.join(' ')} --csv - | head -1`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^frame,time,src/)
  })

  it('go on for the others when one reader goes away', () => {
    const { stderr } = shell(`ctreplay ${capture} ${all.join(' ')} --csv - --ndjson ${at('whole.ndjson')} | true`)
    expect(stderr).toBe('')
    expect(readFileSync(at('whole.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(FRAMES)
  })

  it('end a large capture early when their only reader goes away', () => {
    const { status, stdout, stderr } = shell(`ctreplay ${large} ${all.join(' ')} --ndjson - | head -2`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
  })

  it.skipIf(!existsSync('/dev/full'))('end a large capture early when the disk is full', () => {
    const { status, stderr } = ctreplay(large, ...all, '--csv', '/dev/full')
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'ctreplay: cannot write /dev/full: no space is left on the device\n',
    })
  })

  it('wait for a slow reader', () => {
    const alone = shell(`ctreplay ${large} ${options.join(' ')} --threads 1 --ndjson - | md5sum`)
    expect(shell(`ctreplay ${large} ${all.join(' ')} --ndjson - | (sleep 1; md5sum)`)).toEqual({
      ...alone,
      pid: expect.anything(),
    })
    expect({ ...alone, stdout: alone.stdout.length }).toMatchObject({ status: 0, stdout: 36, stderr: '' })
  })

  it('show the lines of a live capture as they come', async () => {
    const { child, ended, lines } = live()
    child.stdin.write(bytes.subarray(0, bytes.length >> 1))
    await once(child.stdout, 'data')
    expect(lines()[0]).toMatch(/^{"frame":1,/)
    expect(lines().length).toBeLessThan(FRAMES)
    child.stdin.end(bytes.subarray(bytes.length >> 1))
    expect(await ended).toBe(EXIT_DONE)
    expect(lines()).toHaveLength(FRAMES)
  })

  it('are whole lines up to where the user interrupts', async () => {
    const { child, ended, lines } = live()
    child.stdin.on('error', () => {})
    child.stdin.write(bytes.subarray(0, bytes.length >> 1))
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    expect(await ended).toBe(EXIT_INTERRUPTED)
    const frames = lines().map((line) => JSON.parse(line).frame)
    expect(frames).toEqual(frames.map((_, at) => at + 1))
    expect(frames.length).toBeGreaterThan(0)
  })

  it.each([
    ['--csv', () => existsSync(at('before.ndjson'))],
    ['--counters', () => existsSync(at('before.ndjson')) && readFileSync(at('before.ndjson'), 'utf8').endsWith('}\n')],
  ])('end at once by Ctrl-C while the named pipe of %s waits for a reader', async (option, isReached) => {
    const pipe = at(`fifo${option}${ofThreads.join('')}`)
    rmSync(at('before.ndjson'), { force: true })
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0)
    const files = ['--ndjson', at('before.ndjson'), option, pipe]
    const child = spawn(process.execPath, [main, capture, ...options, ...ofThreads, ...files])
    const ended = once(child, 'close')
    while (!isReached()) await setTimeout(20)
    await setTimeout(200)
    child.kill('SIGINT')
    expect(await ended).toEqual([null, 'SIGINT'])
  })

  /** A capture on standard input, and the lines so far on standard output. */
  function live() {
    const nothingToInfer = ['--mode', 'router', '--checksum', 'verify']
    const child = spawn(process.execPath, [main, '-', ...nothingToInfer, '--quiet', '--ndjson', '-', ...ofThreads])
    let written = ''
    child.stdout.on('data', (chunk) => {
      written += chunk
    })
    const ended = once(child, 'close').then(([code]) => code)
    return { child, ended, lines: () => written.trimEnd().split('\n') }
  }
})
