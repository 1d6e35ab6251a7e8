#!/usr/bin/env node
import { run } from './run.ts'

/** A reader of our output that goes away (`| head`) is no error. */
function quietWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit()
}

process.stdout.on('error', quietWhenNobodyReads)
process.stderr.on('error', quietWhenNobodyReads)
process.exitCode = await run(process.argv.slice(2))
