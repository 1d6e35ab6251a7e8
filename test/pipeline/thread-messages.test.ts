import { expect, test } from 'vitest'
import { CaptureError } from '../../src/capture/frame-reader.ts'
import { errorOf, failureOf } from '../../src/pipeline/thread-messages.ts'

test.each([
  new CaptureError('a.pcap: is empty'),
  new RangeError('a batch of 1 bytes is too small'),
  new TypeError('a mistake of ours'),
  new Error('anything'),
])('%s keeps its class, message and stack between threads', (error) => {
  const arrived = errorOf(structuredClone(failureOf(error)))
  expect(arrived.constructor).toBe(error.constructor)
  expect([arrived.name, arrived.message, arrived.stack]).toEqual([error.name, error.message, error.stack])
})

test('what is no error becomes one', () => {
  expect(errorOf(failureOf('out of luck'))).toEqual(new Error('out of luck'))
})
