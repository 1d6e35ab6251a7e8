import { startCaptureWorker } from '../pipeline/capture-worker.ts'
import { threadsFor } from '../pipeline/threads-for.ts'

// Imported before all else of the command: the capture's thread takes as long to start as this one to load the rest.
const args = process.argv.slice(2)
if (threadsFor(args) > 1 && !args.some((arg) => arg.startsWith('--threads'))) startCaptureWorker()
