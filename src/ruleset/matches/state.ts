import type { MatchExtension } from '../extension.ts'
import { printOption } from '../text/options.ts'
import { parseStates, printStates, STATES, stateCondition } from './states.ts'

/** The old spelling of `-m conntrack --ctstate`. */
export const state: MatchExtension = {
  name: 'state',
  options: [{ name: 'state', negatable: true }],
  parse(options) {
    const states = parseStates(options.required('state'), STATES)
    const negated = options.negated('state')
    return {
      print: () => printOption('state', printStates(states, STATES), negated),
      conditions: () => [stateCondition(states, negated)],
    }
  },
}
