import { parentPort } from 'node:worker_threads'
import type { FrameReader } from '../capture/frame-reader.ts'
import { openCapture } from '../capture/open-capture.ts'
import { FLOW_SEED } from '../wire/flow-hash.ts'
import { useVectors } from '../wire/vector-sum.ts'
import { decodeBatch } from './decode-batch.ts'
import { SlotRing } from './slot-ring.ts'
import { failureOf, type ThreadMessage, type ThreadTask } from './thread-messages.ts'

/** The entry of the capture's thread: opens the captures, fills slot after slot, and ends. */
async function readCapture({ paths, options, flowSeed, ring: memory, port }: ThreadTask): Promise<void> {
  useVectors(memory.slots)
  const ring = new SlotRing(memory)
  const tell = (message: ThreadMessage): void => port.postMessage(message)
  const wakeReplay = (): void => {
    if (ring.takeCallForWord()) parentPort?.postMessage(null)
  }
  let reader: FrameReader | null = null
  try {
    if (flowSeed !== FLOW_SEED) throw new Error('the thread that reads the capture hashes flows in its own way')
    reader = await openCapture(paths, options)
    const { problems, bytesTotal } = reader
    let told = 0
    const tellProblems = (): void => {
      for (; told < problems.length; told++) tell({ kind: 'problem', problem: problems[told] })
    }
    tell({ kind: 'files', files: reader.files, bytesTotal })
    wakeReplay()
    for (;;) {
      const batch = ring.slotToFill()
      const more = reader.read(batch)
      if (!(typeof more === 'boolean' ? more : await more)) break
      decodeBatch(batch, ring.wantsChecksums)
      tellProblems()
      ring.publish(told, reader.bytesRead)
      wakeReplay()
    }
    tellProblems()
    tell({ kind: 'files', files: reader.files, bytesTotal })
  } catch (error) {
    tell({ kind: 'failure', failure: failureOf(error) })
  }
  ring.end()
  wakeReplay()
  reader?.close()
}

parentPort?.once('message', (task: ThreadTask) => void readCapture(task))
