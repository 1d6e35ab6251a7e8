import './start-early.ts'
import { outputError } from '../report/open-output.ts'
import { EXIT_UNFINISHED, EXIT_USAGE } from './exit-codes.ts'
import { run } from './run.ts'

const STANDARD_ERROR = 'standard error'

const args = process.argv.slice(2)

/**
 * Ends the process when an output cannot be written. A reader that goes away (`| head`) is not an error; anything else
 * is reported, unless standard error itself has failed.
 */
function endWithout(name: string, error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit()
  if (name !== STANDARD_ERROR) process.stderr.write(`ctreplay: ${outputError(name, error).message}\n`)
  process.exit(EXIT_USAGE)
}

process.stdout.on('error', (error) => endWithout('standard output', error))
process.stderr.on('error', (error) => endWithout(STANDARD_ERROR, error))

let isDone = false
process.once('beforeExit', () => {
  if (isDone) return
  process.stderr.write(
    'ctreplay: what it waits for can no longer come; what is above is not all. Please report this.\n',
  )
  process.exitCode = EXIT_UNFINISHED
})
run(args).then((code) => {
  isDone = true
  process.exitCode = code
})
