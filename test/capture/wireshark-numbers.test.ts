import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { LINK_TYPE_NONE } from '../../src/capture/frame-batch.ts'
import { openCapture } from '../../src/capture/open-capture.ts'
import { readAll } from '../support/captures.ts'
import { corpusCaptures, corpusPath, missingForWireshark } from '../support/wireshark.ts'

const FIELDS = ['frame.number', 'frame.time_epoch', 'frame.cap_len', 'frame.len'].flatMap((field) => ['-e', field])

describe.skipIf(missingForWireshark !== '')(
  `frame numbers, times and lengths are Wireshark's ${missingForWireshark && `(skipped ${missingForWireshark})`}`,
  () => {
    it.each(corpusCaptures)('%s', async (name) => {
      const path = corpusPath(name)
      const said = execFileSync('tshark', ['-n', '-r', path, '-T', 'fields', ...FIELDS], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 1 << 28,
      })
      const theirs = said.split('\n').filter((line) => line !== '')
      const ours = (await readAll(await openCapture([path]))).map((frame, index) => {
        // Where there is no time Wireshark leaves it out; of records without a packet we do not keep the bytes.
        if (frame.linkType === LINK_TYPE_NONE) return [index + 1, '', ...theirs[index].split('\t').slice(2)].join('\t')
        return [index + 1, frame.flags & 4 ? '' : frame.time, frame.captured, frame.wireLength].join('\t')
      })
      expect(ours).toEqual(theirs)
    })
  },
)
