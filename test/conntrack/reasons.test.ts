import { describe, expect, it } from 'vitest'
import * as reasons from '../../src/conntrack/reasons.ts'

const codes = Object.entries(reasons).flatMap(([name, code]) =>
  typeof code === 'number' && name !== 'REASON_NONE' ? [[name, code] as const] : [],
)

describe('reasons', () => {
  it.each(codes)('%s has a title, and a text that ends without a full stop', (_, code) => {
    expect(reasons.reasonTitle(code)).toMatch(/^[A-Za-z].*[^.]$/)
    expect(reasons.reasonText(code, 1, 2, 0)).toMatch(/^[^ ].*[^. ]$/)
    expect(reasons.reasonText(code, 1, 2, 0)).not.toMatch(/undefined|NaN|null/)
    expect(reasons.reasonText(code, 1, 2, 9)).toMatch(/; bound set by frame 9$/)
  })

  it('every code is its own, and so is every title but that of wrong hosts', () => {
    expect(new Set(codes.map(([, code]) => code)).size).toBe(codes.length)
    const titles = codes.map(([, code]) => reasons.reasonTitle(code))
    expect(titles.length - new Set(titles).size).toBe(1)
  })

  it('no reason, no text', () => {
    expect(reasons.reasonText(reasons.REASON_NONE, 0, 0, 0)).toBeNull()
    expect(reasons.reasonTitle(reasons.REASON_NONE)).toBeNull()
    expect(reasons.reasonIsIgnored(reasons.REASON_NONE)).toBe(false)
  })

  it('operands are told as people write them', () => {
    expect(reasons.reasonText(reasons.REASON_TCP_SEQ_OVER, -1, -2, 0)).toBe(
      'SEQ over upper bound: 4294967295 >= 4294967294',
    )
    expect(reasons.reasonText(reasons.REASON_SCTP_TAG, -1, 16, 0)).toBe(
      'SCTP verification tag 0xffffffff where 0x10 is due',
    )
    expect(reasons.reasonText(reasons.REASON_TCP_FLAGS, 3, 0, 0)).toBe('impossible TCP flags: FIN+SYN')
    expect(reasons.reasonText(reasons.REASON_TCP_FLAGS, 0, 0, 0)).toBe('impossible TCP flags: none')
    expect(reasons.reasonText(reasons.REASON_TCP_STATE, 2 | 16, 1, 0)).toBe(
      'FIN from the server in state SYN_SENT is impossible',
    )
    expect(reasons.reasonText(reasons.REASON_ICMP_WRONG_WAY, 0x0a000001, -1, 0)).toBe(
      'ICMP error sent to 10.0.0.1, but the packet that it quotes came from 255.255.255.255',
    )
  })
})
