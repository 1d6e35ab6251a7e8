import type { Worker } from 'node:worker_threads'
import { startThread } from './worker-thread.ts'

/** A thread that was started before there was a task for it. */
let ready: Worker | null = null

/** Starts a capture's thread that gets its task later, so that both threads load their code at the same time. */
export function startCaptureWorker(): void {
  const worker = start()
  ready = worker
  const forget = (): void => {
    if (ready === worker) ready = null
  }
  // Forgotten if it fails to start: `captureWorker` then starts another, which reports the reason.
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
  const worker = startThread('capture-thread', import.meta.url)
  // The thread does not keep the process alive when a source is given up half-read or never asked for.
  worker.unref()
  return worker
}
