import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { shareFlowSeed } from '../wire/flow-hash.ts'

/** Started before anybody had a task for it. */
let ready: Worker | null = null

/** Starts a capture's thread that gets its task later: it loads its code while whoever has the task for it loads his. */
export function startCaptureWorker(): void {
  const worker = start()
  ready = worker
  const forget = (): void => {
    if (ready === worker) ready = null
  }
  // What kept it from starting is met again, and told, by the one who asks for a thread.
  worker.once('error', forget)
  worker.once('exit', forget)
}

/** A capture's thread (capture-thread.ts), which begins with the ThreadTask that it is sent. */
export function captureWorker(): Worker {
  const worker = ready ?? start()
  ready = null
  return worker
}

function start(): Worker {
  // The extension is that of this very file: .js as built, .ts where Node runs the sources themselves.
  const entry = new URL(`./capture-thread${extname(import.meta.url)}`, import.meta.url)
  shareFlowSeed()
  // Flags of the process are not its own: it would refuse some of them, like --input-type. The sockets that read pipes close them
  // by themselves, unseen by a worker that tracks descriptors: at its end it would close what has such a number by then.
  const worker = new Worker(entry, { execArgv: [], trackUnmanagedFds: false })
  // Whoever gives up a source half-read, or never asks for one, is not kept from ending.
  worker.unref()
  return worker
}
