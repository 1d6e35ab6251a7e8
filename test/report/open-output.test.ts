import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { openOutput } from '../../src/report/open-output.ts'
import { buildProgram } from '../support/built-program.ts'

const O_NONBLOCK = 0o4000
const noProc = existsSync('/proc/self/fdinfo') ? '' : 'skipped: no /proc'
const { modules, remove } = buildProgram()
const folder = mkdtempSync(join(tmpdir(), 'ctreplay-output-'))

afterAll(() => {
  remove()
  rmSync(folder, { recursive: true })
})

describe('standard output', () => {
  it.skipIf(noProc !== '')(`that is a pipe is written by a way that waits for its reader ${noProc}`, () => {
    const program = join(folder, 'program.mjs')
    writeFileSync(
      program,
      `import { readFileSync, writeSync } from 'node:fs'
      import { openOutput } from ${JSON.stringify(pathToFileURL(join(modules, 'report/open-output.js')).href)}
      process.stdout.on('error', () => {})
      const flags = (fd) => parseInt(/flags:\\s+(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + fd, 'latin1'))[1], 8)
      const { fd, owned } = openOutput(1)
      writeSync(fd, JSON.stringify({ owned, waits: (flags(fd) & ${O_NONBLOCK}) === 0, nodeWaits: (flags(1) & ${O_NONBLOCK}) === 0 }))`,
    )
    const { stdout } = spawnSync('bash', ['-c', `"${process.execPath}" "${program}" | cat`], { encoding: 'utf8' })
    expect(JSON.parse(stdout)).toEqual({ owned: true, waits: true, nodeWaits: false })
  })

  it('that is no pipe is written as it is', () => {
    const path = join(folder, 'file')
    const file = openOutput(path)
    expect(openOutput(file.fd)).toEqual({ fd: file.fd, name: `descriptor ${file.fd}`, owned: false })
    expect(readFileSync(path, 'latin1')).toBe('')
  })
})
