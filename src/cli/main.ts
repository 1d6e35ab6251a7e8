#!/usr/bin/env node
import { startCaptureWorker } from '../pipeline/capture-worker.ts'
import { threadsFor } from '../pipeline/threads-for.ts'

const args = process.argv.slice(2)
// Of two threads, none waits for the other to be loaded.
if (threadsFor(args) > 1 && !args.some((arg) => arg.startsWith('--threads'))) startCaptureWorker()

/** A reader of our output that goes away (`| head`) is no error. */
function quietWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit()
}

process.stdout.on('error', quietWhenNobodyReads)
process.stderr.on('error', quietWhenNobodyReads)
const { run } = await import('./run.ts')
process.exitCode = await run(args)
