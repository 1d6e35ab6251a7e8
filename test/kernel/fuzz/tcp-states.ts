import fc from 'fast-check'
import { type Generator, gaps, generator } from './case.ts'
import { type Conversation, opening, PLAIN, TCP_SETUPS, TCP_TIMEOUTS, tcpPackets, windows } from './tcp.ts'

/** Fewer flags, mostly right numbers: long ways through the states, with pauses about as long as timeouts. */
export const stateConversation: fc.Arbitrary<Conversation> = fc.record({
  v6: fc.constant(false),
  isns: fc.constant([100, 0xfffffff0] as const),
  opening,
  windows: fc.tuple(windows, windows),
  options: fc.constant([{ kind: 'none' }, { kind: 'none' }] as const),
  steps: fc.array(
    fc.record({
      reply: fc.boolean(),
      flags: fc.constantFrom('A', 'PA', 'S', 'SA', 'FA', 'R', 'RA'),
      seq: fc.oneof(
        { weight: 8, arbitrary: fc.constant(PLAIN) },
        {
          weight: 1,
          arbitrary: fc.record({ to: fc.constant('next' as const), off: fc.constantFrom(-1, 1, 100, -100) }),
        },
        { weight: 1, arbitrary: fc.constant({ to: 'last' as const, off: 0 }) },
      ),
      ack: fc.constant(PLAIN),
      window: fc.constantFrom(65535, 65535, 0),
      data: fc.constantFrom(0, 0, 1),
      options: fc.constant({ kind: 'none' } as const),
      counts: fc.constantFrom(true, true, true, false),
      damage: fc.constant('none' as const),
      gap: gaps(TCP_TIMEOUTS, 12),
    }),
    { minLength: 1, maxLength: 20 },
  ),
})

export const TCP_STATES: Generator = generator({
  name: 'TCP states and timeouts',
  arbitrary: stateConversation,
  packets: tcpPackets,
  setups: TCP_SETUPS,
})
