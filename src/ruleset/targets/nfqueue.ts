import type { TargetExtension } from '../extension.ts'
import { VERDICT_ACCEPT, VERDICT_DROP } from '../packet/rule-packet.ts'
import { parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'

const POSSIBLE = (1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP)

/**
 * A program decides, or the kernel where none listens: it drops, or accepts with --queue-bypass. A capture shows none
 * of that. `--assume NFQUEUE` says whether such packets were accepted.
 */
export const nfqueue: TargetExtension = {
  name: 'NFQUEUE',
  options: [
    { name: 'queue-num' },
    { name: 'queue-balance' },
    { name: 'queue-bypass', values: 0 },
    { name: 'queue-cpu-fanout', values: 0 },
  ],
  parse(options) {
    options.oneOf(['queue-num', 'queue-balance'])
    const fanout = options.get('queue-cpu-fanout')
    const balanceToken = options.value('queue-balance')
    if (fanout && !balanceToken) throw new Refusal(fanout.at, '--queue-cpu-fanout needs --queue-balance')
    const numberToken = options.value('queue-num')
    const number = numberToken ? parseNumber(numberToken, 0, 65535, 'queue') : 0
    let queues = `--queue-num ${number}`
    if (balanceToken) {
      const [first, last, more] = balanceToken.text.split(':')
      if (last === undefined || more !== undefined)
        throw new Refusal(balanceToken, `"${balanceToken.text}" is not a range of queues; write FIRST:LAST`)
      const low = first === '' ? 0 : parseNumber(balanceToken, 0, 65535, 'queue', first)
      const high = last === '' ? 65535 : parseNumber(balanceToken, 0, 65535, 'queue', last)
      if (low >= high || (low === 0 && high === 65535))
        throw new Refusal(
          balanceToken,
          `${balanceToken.text} are no queues to choose from; write the smaller one first, and less than all`,
        )
      queues = `--queue-balance ${low}:${high}`
    }
    const bypass = options.has('queue-bypass')
    return {
      print: () => `${queues}${bypass ? ' --queue-bypass' : ''}${fanout ? ' --queue-cpu-fanout' : ''}`,
      action: {
        kind: 'undecided',
        possible: POSSIBLE,
        missing: 'a program behind the queue decides about the packet; settle it with --assume NFQUEUE=yes|no',
      },
    }
  },
}

/** The old name of queue 0. */
export const queue: TargetExtension = {
  name: 'QUEUE',
  options: [],
  parse: () => ({
    print: () => '',
    action: {
      kind: 'undecided',
      possible: POSSIBLE,
      missing: 'a program behind the queue decides about the packet; settle it with --assume QUEUE=yes|no',
    },
  }),
}
