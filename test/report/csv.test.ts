import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { REASON_CHECKSUM } from '../../src/conntrack/reasons.ts'
import type { Outcome } from '../../src/netfilter/outcome.ts'
import { ByteOutput } from '../../src/report/byte-output.ts'
import { CsvSink } from '../../src/report/csv.ts'
import { NOTE_NOT_IP } from '../../src/wire/packet-fields.ts'
import { temporaryFolder } from '../support/files.ts'
import { anyOutcome, packetRecord } from './any-outcome.ts'
import { outcome, rule } from './outcomes.ts'

const folder = temporaryFolder()

const HEADER =
  'frame,time,src,dst,proto,sport,dport,length,ctstate,ctdir,hook,verdict,rule,target,line,reason,note,connection,' +
  'icmpType,icmpCode,icmpId,possible,unknown,reasonFrame,dropHook,assumesFrame,fragments,file,fileFrame'

let files = 0

async function written(outcomes: readonly Outcome[], captures: readonly string[] = ['a.pcap']): Promise<string> {
  const path = join(folder, `${files++}.csv`)
  const sink = new CsvSink(new ByteOutput(path), { files: captures })
  for (const one of outcomes) {
    sink.packet(one)
    await sink.drain()
  }
  await sink.end()
  return readFileSync(path, 'utf8')
}

/** A line per record, fields quoted only where they must be. */
function reference(outcomes: readonly Outcome[], captures: readonly string[]): string {
  const field = (value: unknown): string => {
    const text = Array.isArray(value) ? value.join(' ') : String(value ?? '')
    return /["\r\n,]/.test(text) ? `"${text.split('"').join('""')}"` : text
  }
  const lines = outcomes.map((o) => Object.values(packetRecord(o, captures)).map(field).join())
  return [HEADER, ...lines, ''].join('\n')
}

describe('CSV', () => {
  it('has a header, and a line per frame', async () => {
    const accepted = outcome(
      { src: '10.0.0.1', dst: '2.3.4.255', sport: 40000, dport: 80 },
      { state: 1, direction: 0, hook: 2, verdict: 1, rule: rule({ target: 'ACCEPT' }), connectionNumber: 7 },
    )
    expect(await written([accepted, outcome(null, { frame: 2, note: NOTE_NOT_IP })])).toBe(
      `${HEADER}\n1,1700000000.123456,10.0.0.1,2.3.4.255,tcp,40000,80,60,NEW,original,FORWARD,ACCEPT,` +
        'filter:FORWARD:rule:3,ACCEPT,12,,,7,,,,,,,,,,,\n' +
        '2,1700000000.123456,,,,,,60,,,,,,,,,not-ip,,,,,,,,,,,,\n',
    )
  })

  it('has only its header where no frame comes', async () => {
    expect(await written([])).toBe(`${HEADER}\n`)
  })

  it('quotes chains, reasons and file names that need it, and nothing else', async () => {
    const odd = outcome(
      { src: '::1', dst: '::2', icmp: [128, 0, 5] },
      {
        rule: rule({ record: 'filter:a "b":rule:1', target: 'to, or not' }),
        verdict: 4,
        possibleVerdicts: 6,
        unknownText: 'first\nsecond, "third" \u{1F525}',
        reason: REASON_CHECKSUM,
        fragments: Float64Array.of(1, 2, 3),
        fragmentCount: 2,
      },
    )
    const text = await written([odd], ['b.pcap', 'week, "47".pcap'])
    expect(text).toContain(',"filter:a ""b"":rule:1","to, or not",12,')
    expect(text).toContain(',128,0,5,ACCEPT DROP,"first\nsecond, ""third"" \u{1F525}",,,,1 2,b.pcap,1\n')
  })

  it('is what the plain way of writing it gives, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOutcome, { maxLength: 12 }), fc.boolean(), async (outcomes, several) => {
        const captures = several ? ['a.pcap', 'dir/b "2".pcapng'] : ['a.pcap']
        expect(await written(outcomes, captures)).toBe(reference(outcomes, captures))
      }),
      { numRuns: 150 },
    )
  })
})
