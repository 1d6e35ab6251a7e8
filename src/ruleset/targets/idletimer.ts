import type { TargetExtension } from '../extension.ts'
import { parseNumber } from '../text/numbers.ts'
import { procName } from '../text/proc-name.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** MAX_IDLETIMER_LABEL_SIZE without its final zero; iptables keeps that much. */
const LABEL_MAX = 27
/** The kernel counts milliseconds in 31 bits. */
const TIMEOUT_MAX = 2_147_482

/** Notifies a program when no packet came for some time. */
export const idletimer: TargetExtension = {
  name: 'IDLETIMER',
  options: [{ name: 'timeout' }, { name: 'label' }, { name: 'alarm', values: 0 }],
  parse(options) {
    const timeout = parseNumber(options.required('timeout'), 1, TIMEOUT_MAX, 'timeout')
    const label = options.required('label')
    if (label.text === '') throw new Refusal(label, 'the label is empty; write a name')
    procName({ ...label, text: label.text.slice(0, LABEL_MAX) }, LABEL_MAX)
    const alarm = options.has('alarm') ? ' --alarm' : ''
    return {
      print: () => `--timeout ${timeout} --label ${label.text.slice(0, LABEL_MAX)}${alarm}`,
      action: { kind: 'continue' },
    }
  },
}
