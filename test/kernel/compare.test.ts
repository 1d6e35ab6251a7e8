import { describe, expect, it } from 'vitest'
import { REASON_HELPER_DROP, REASON_TCP_ACK_OVER, REASON_TCP_FLAGS } from '../../src/conntrack/reasons.ts'
import { type Answer, answerOfKernel, NO_ANSWER } from './answer.ts'
import { compare } from './compare.ts'

const NEW: Answer = { ...NO_ANSWER, fate: 'labelled', label: 'NEW', direction: 'original', verdict: 'ACCEPT' }
const differing = (kernel: Answer, ours: Answer) => compare([kernel], [ours]).differences.map(({ field }) => field)

describe('compare', () => {
  it('counts equal frames, and those without a label apart', () => {
    const silent: Answer = { ...NO_ANSWER, fate: 'no packet' }
    const result = compare([NEW, silent], [NEW, silent])
    expect(result).toMatchObject({ frames: 2, labelled: 1, equal: 1, differences: [] })
  })

  it.each([
    ['fate', { fate: 'fragment' }],
    ['label', { label: 'INVALID' }],
    ['direction', { direction: 'reply' }],
    ['verdict', { verdict: 'DROP' }],
    ['rule', { rule: 'filter:FORWARD:rule:1' }],
    ['reason', { reasonCode: REASON_TCP_FLAGS }],
  ] as const)('tells a difference in the %s', (field, change) => {
    expect(differing(NEW, { ...NEW, ...change } as Answer)).toEqual([field])
  })

  it('misses a frame that one side does not have', () => {
    expect(compare([NEW, NEW], [NEW]).differences).toEqual([{ frame: 2, field: 'fate' }])
  })

  it('takes an UNKNOWN verdict as undecided only when the kernel did one of the possible', () => {
    const unknown = { ...NEW, verdict: 'UNKNOWN' }
    expect(differing(NEW, { ...unknown, possible: ['DROP', 'REJECT'] })).toEqual(['verdict'])
    const result = compare([NEW], [{ ...unknown, possible: ['ACCEPT', 'DROP'] }])
    expect([...result.excluded.values()]).toEqual([1])
    expect(result.labelled).toBe(0)
  })

  it('leaves frames out that hang on an undecided one, and those that the oracle could not inject', () => {
    const result = compare([NEW, NO_ANSWER], [{ ...NEW, label: 'INVALID', assumesFrame: 1 }, NEW])
    expect([...result.excluded.values()]).toEqual([1, 1])
  })

  it('leaves a frame out of which the capture lacks what the tracker reads, but only where the kernel had it', () => {
    const cut: Answer = { ...NO_ANSWER, fate: 'no packet', isCut: true, note: 'cut' }
    expect([...compare([NEW], [cut]).excluded.values()]).toEqual([1])
    expect(differing({ ...NO_ANSWER, fate: 'fragment' }, cut)).toEqual(['fate'])
    expect(differing(NEW, { ...cut, isCut: false })).toEqual(['fate'])
  })

  it('leaves an IPv6 packet out that the device of the oracle drops', () => {
    const refused: Answer = { ...NO_ANSWER, fate: 'no packet' }
    expect([...compare([refused], [{ ...NEW, isOverrun: true }]).excluded.values()]).toEqual([1])
    expect(differing(refused, NEW)).toEqual(['fate'])
  })

  it('takes a malformed fragment and one that was kept for the same', () => {
    const kept: Answer = { ...NO_ANSWER, fate: 'fragment' }
    expect(differing(kept, { ...NO_ANSWER, fate: 'no packet', note: 'malformed' })).toEqual([])
    expect(differing(kept, { ...NO_ANSWER, fate: 'no packet' })).toEqual(['fate'])
  })

  it('takes the last rule of the nat table for what dropped behind it', () => {
    const dropped: Answer = { ...NEW, verdict: 'DROP', rule: 'nat:POSTROUTING:rule:1' }
    expect(differing(dropped, { ...dropped, rule: null, reasonCode: REASON_HELPER_DROP })).toEqual([])
    expect(differing(dropped, { ...dropped, rule: null })).toEqual(['rule'])
  })

  it('compares reasons by what they mean', () => {
    const invalid: Answer = { ...NEW, label: 'INVALID', direction: null }
    const kernel = { ...invalid, reason: 'ACK is over upper bound 102 (ACKed data not seen yet)' }
    expect(differing(kernel, { ...invalid, reasonCode: REASON_TCP_ACK_OVER })).toEqual([])
    expect(differing(kernel, { ...invalid, reasonCode: REASON_TCP_FLAGS })).toEqual(['reason'])
    expect(differing(invalid, { ...invalid, reasonCode: REASON_TCP_FLAGS })).toEqual([])
  })
})

describe('answerOfKernel', () => {
  it('calls a drop by REJECT a REJECT', () => {
    const line = {
      n: 1,
      state: 'NEW',
      dir: 'original',
      verdict: 'DROP',
      rule: 'filter:INPUT:rule:1',
      target: 'REJECT',
    } as const
    expect(answerOfKernel(line)).toMatchObject({ verdict: 'REJECT', rule: 'filter:INPUT:rule:1' })
  })

  it('has no rule for what was not routed', () => {
    expect(answerOfKernel({ n: 1, state: 'NEW', verdict: 'not-routed', rule: 'filter:INPUT:rule:1' }).rule).toBeNull()
  })
})
