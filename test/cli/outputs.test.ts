import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { copyFileSync, linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { buildProgram } from '../support/built-program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { folder, main, remove } = buildProgram()
const capture = join(root, 'pcaps/web-server.pcap')
const FRAMES = 65
const at = (name: string): string => join(folder, name)

afterAll(remove)

function shell(line: string): SpawnSyncReturns<string> {
  const command = `set -o pipefail; ctreplay() { "${process.execPath}" "${main}" "$@"; }; ${line}`
  return spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8', timeout: 30_000 })
}

const framesIn = (text: string): number[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).frame)

describe('standard output under another name', () => {
  const names = ['/dev/stdout', '/proc/self/fd/1', '/dev/fd/1', '/dev/../dev/stdout', at('redirected')]

  it.each(names)('%s, redirected to a file, is left to the lines', (name) => {
    const { status, stderr } = shell(`ctreplay ${capture} --ndjson ${name} > ${at('redirected')}`)
    expect(status).toBe(0)
    expect(stderr).toContain('65 frames')
    expect(framesIn(readFileSync(at('redirected'), 'utf8'))).toHaveLength(FRAMES)
  })

  it('keeps what a file had before, where the shell appends to it', () => {
    writeFileSync(at('log'), '{"frame":0}\n')
    expect(shell(`ctreplay ${capture} --quiet --ndjson /dev/stdout >> ${at('log')}`).status).toBe(0)
    expect(framesIn(readFileSync(at('log'), 'utf8'))).toHaveLength(1 + FRAMES)
  })

  it('may be a pipe, and a link', () => {
    symlinkSync('/dev/stdout', at('link-to-stdout'))
    for (const name of ['/dev/stdout', at('link-to-stdout')]) {
      const { stdout, stderr } = shell(`ctreplay ${capture} --ndjson ${name} | cat`)
      expect(stderr).toContain('65 frames')
      expect(framesIn(stdout)).toHaveLength(FRAMES)
    }
  })

  it.each([
    ['--ndjson - --csv /dev/stdout', '--ndjson - and --csv /dev/stdout: only one can have standard output'],
    ['--ndjson /dev/fd/1 --csv both', '--ndjson /dev/fd/1 and --csv both: only one can have standard output'],
    ['--parquet /dev/stdout', '--parquet needs a file'],
  ])('is for one output, which is not Parquet: %s', (options, message) => {
    const { status, stderr } = shell(`ctreplay ${capture} ${options} > both`)
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
    expect(readFileSync(at('both'), 'utf8')).toBe('')
  })

  it('is no input of the same replay', () => {
    copyFileSync(capture, at('copy.pcap'))
    for (const name of ['-', '/dev/stdout', 'copy.pcap']) {
      const { status, stderr } = shell(`ctreplay copy.pcap --ndjson ${name} >> copy.pcap`)
      expect([status, stderr]).toEqual([2, expect.stringContaining('would overwrite the input copy.pcap')])
    }
    expect(readFileSync(at('copy.pcap')).equals(readFileSync(capture))).toBe(true)
  })

  it('is not meant where both are thrown away', () => {
    const { status, stderr } = shell(`ctreplay ${capture} --ndjson /dev/null --csv /dev/null > /dev/null`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

describe('two outputs', () => {
  it.each([
    ['a hard link', linkSync],
    ['a symbolic link', symlinkSync],
  ])('are refused where one is %s to the other', (name, link) => {
    const [one, other] = [at(`${name} one`), at(`${name} other`)]
    writeFileSync(one, 'kept')
    link(one, other)
    const { status, stderr } = shell(`ctreplay ${capture} --csv '${one}' --ndjson '${other}'`)
    expect([status, stderr]).toEqual([2, expect.stringContaining('--ndjson and --csv would write the same file')])
    expect(readFileSync(one, 'utf8')).toBe('kept')
  })

  it('are refused where the folder of a new file has two names', () => {
    symlinkSync(folder, at('same-folder'))
    const { status, stderr } = shell(`ctreplay ${capture} --csv new --ndjson same-folder/new`)
    expect([status, stderr]).toEqual([2, expect.stringContaining('would write the same file')])
  })
})

it('a loop of links is said like all that cannot be written', () => {
  symlinkSync(at('loop'), at('loop'))
  const { status, stderr } = shell(`ctreplay ${capture} --ndjson loop`)
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'ctreplay: cannot write loop: its symbolic links lead back to each other\n',
  })
})
