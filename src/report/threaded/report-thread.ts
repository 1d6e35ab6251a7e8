import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { failureOf } from '../../pipeline/thread-messages.ts'
import { ByteOutput } from '../byte-output.ts'
import { packetSink } from '../packet-sinks.ts'
import { RecordReader } from './record-reader.ts'
import { RecordRing, STATE_FAILED, STATE_UNREAD } from './record-ring.ts'
import type { RecordWord } from './record-writer.ts'
import type { ReportResult, ReportTask } from './report-task.ts'

/** The entry of the outputs' thread: reads block after block for the sinks, which write synchronously. */
async function writeAll({ outputs: asked, files, records, port }: ReportTask): Promise<ReportResult> {
  const ring = new RecordRing(records)
  try {
    const outputs = asked.map(({ output }) => new ByteOutput(output, true))
    const sinks = asked.map(({ kind }, at) => packetSink(kind, outputs[at], files))
    const hear = (): RecordWord => receiveMessageOnPort(port)?.message
    const reader = new RecordReader(ring, sinks, hear)
    for (let block = ring.take(); block >= 0; block = ring.take()) {
      const { goesOut } = ring
      reader.read(block, ring.length)
      ring.free()
      for (const sink of sinks) await (goesOut && sink.idle ? sink.idle() : sink.drain?.())
      if (outputs.every(({ readerGone }) => readerGone)) ring.state = STATE_UNREAD
    }
    for (const sink of sinks) await sink.end?.()
    return null
  } catch (error) {
    ring.state = STATE_FAILED
    return failureOf(error)
  }
}

void writeAll(workerData as ReportTask).then((result) => parentPort?.postMessage(result))
