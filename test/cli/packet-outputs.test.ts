import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, describe, expect, it } from 'vitest'
import { buildProgram } from '../support/built-program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { folder, main, remove } = buildProgram()
const capture = join(root, 'pcaps/web-server.pcap')
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
    expect(lines).toHaveLength(65)
    const rows = table(stdout)
    const bytes = readFileSync(at('p.parquet'))
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
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

  it.skipIf(!existsSync('/dev/full')).each(['csv', 'parquet', 'ndjson'])('say when the disk is full: --%s', (kind) => {
    const { status, stdout, stderr } = ctreplay(capture, ...options, `--${kind}`, '/dev/full')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toBe('ctreplay: cannot write /dev/full: no space is left on the device\n')
  })

  it('stop quietly when their only reader goes away', () => {
    const { status, stdout, stderr } = shell(`ctreplay ${capture} --quiet --csv - | head -1`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^frame,time,src/)
  })

  it('go on for the others when one reader goes away', () => {
    const { stderr } = shell(`ctreplay ${capture} --quiet --csv - --ndjson ${at('whole.ndjson')} | true`)
    expect(stderr).toBe('')
    expect(readFileSync(at('whole.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(65)
  })
})
