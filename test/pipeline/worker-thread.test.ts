import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { resultOf } from '../../src/pipeline/worker-thread.ts'

/** What becomes of the result of a thread that runs this code. */
async function outcomeOf(code: string): Promise<unknown> {
  const worker = new Worker(`const { parentPort } = require('node:worker_threads'); ${code}`, { eval: true })
  try {
    return await resultOf(worker, (why) => new Error(`died: ${why}`))
  } catch (error) {
    return (error as Error).message
  }
}

describe('the result of a thread', () => {
  it.each([
    ['is its message', "parentPort.postMessage('done')", 'done'],
    ['is an error where it throws before', "throw new Error('no memory')", 'died: no memory'],
    ['is an error where it exits before', 'process.exit(7)', 'died: exit code 7'],
    ['is an error where it ends without one', '', 'died: exit code 0'],
    ['stays what it was where it exits after', "parentPort.postMessage('done'); process.exit(7)", 'done'],
  ])('%s', async (_what, code, result) => {
    expect(await outcomeOf(code)).toBe(result)
  })
})
