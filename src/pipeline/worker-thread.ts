import { extname } from 'node:path'
import { type MessagePort, Worker } from 'node:worker_threads'
import { shareFlowSeed } from '../wire/flow-hash.ts'

/**
 * How long to block for another thread before the event loop gets a turn: where both are about as fast, it has
 * something within this time.
 */
export const BRIEF_MILLISECONDS = 2

/**
 * Starts a thread.
 * @param file the file that it begins with, without its extension, in the folder of the file that starts it
 * @param starter `import.meta.url` of that one: .ts where Node runs the sources themselves, a bundle's where they are
 * built
 */
export function startThread(file: string, starter: string, task: { readonly port: MessagePort } | null = null): Worker {
  const entry = new URL(`./${file}${extname(starter) === '.ts' ? '.ts' : '.js'}`, starter)
  const given = task === null ? {} : { workerData: task, transferList: [task.port] }
  shareFlowSeed()
  // No flags of the process: a worker refuses some of them, such as --input-type. Sockets that read pipes close their
  // descriptors by themselves, unseen by a worker that tracks descriptors: at its end it would close whatever has the
  // same number by then.
  return new Worker(entry, { ...given, execArgv: [], trackUnmanagedFds: false })
}

/** Calls `die` with the reason when the thread ends: by an error, then by its exit code. */
export function whenEnded(worker: Worker, die: (why: string) => void): void {
  worker.on('error', (error) => die(error.message))
  worker.on('exit', (code) => die(`exit code ${code}`))
}

/**
 * The only message of a thread, which it sends at its end.
 * @param die called when it ends without one; the promise is rejected with what this returns, if not null
 */
export function resultOf<Result>(worker: Worker, die: (why: string) => Error | null): Promise<Result> {
  return new Promise((resolve, reject) => {
    let isThere = false
    worker.on('message', (result: Result) => {
      isThere = true
      resolve(result)
    })
    whenEnded(worker, (why) => {
      const death = isThere ? null : die(why)
      if (death !== null) reject(death)
    })
  })
}
