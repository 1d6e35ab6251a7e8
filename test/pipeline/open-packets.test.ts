import { truncateSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { canBeReadAgain, threadsFor } from '../../src/pipeline/threads-for.ts'
import { buildProgram } from '../support/built-program.ts'
import { tcp } from '../support/packets.ts'
import { pcap } from '../support/pcap.ts'

const { folder, load, remove } = buildProgram()
const { openPackets } = await load()
afterAll(remove)

const small = join(folder, 'small.pcap')
writeFileSync(small, pcap([tcp('10.0.0.1:1000>10.0.0.2:80', 'S')]))
// The rest of it is a hole in the file.
const large = join(folder, 'large.pcap')
writeFileSync(large, pcap([tcp('10.0.0.1:1000>10.0.0.2:80', 'S')]))
truncateSync(large, 33 << 20)

async function isReadByAThread(paths: readonly string[], threads?: number): Promise<boolean> {
  const source = await openPackets(paths, { threads })
  source.close()
  return source.constructor.name === 'ThreadSource'
}

describe('a second thread reads', () => {
  it('where the captures are large enough, and a processor is there', async () => {
    expect(await isReadByAThread([small])).toBe(false)
    expect(await isReadByAThread([large])).toBe(availableParallelism() > 1)
    expect(await isReadByAThread([small, large])).toBe(availableParallelism() > 1)
  })

  it('where threads are asked for, whatever the size of the capture', async () => {
    expect(await isReadByAThread([large], 1)).toBe(false)
    expect(await isReadByAThread([small], 2)).toBe(true)
    expect(await isReadByAThread([small], 4)).toBe(true)
  })
})

describe('so many threads are worth their while', () => {
  const huge = join(folder, 'huge.pcap')
  writeFileSync(huge, '')
  truncateSync(huge, 257 << 20)

  it('by processors and size', () => {
    expect([1, 2, 3, 4, 64].map((processors) => threadsFor([huge], processors))).toEqual([1, 2, 2, 4, 4])
    expect([1, 2, 3, 4, 64].map((processors) => threadsFor([large], processors))).toEqual([1, 2, 2, 2, 2])
    expect([1, 2, 3, 4, 64].map((processors) => threadsFor([small], processors))).toEqual([1, 1, 1, 1, 1])
  })

  it('but what cannot be read again is tracked by one', () => {
    expect(threadsFor([huge, '/dev/zero'], 8)).toBe(2)
    expect(canBeReadAgain([huge, small])).toBe(true)
    for (const path of ['-', '/dev/zero', '/nonexistent']) expect(canBeReadAgain([huge, path])).toBe(false)
  })
})
