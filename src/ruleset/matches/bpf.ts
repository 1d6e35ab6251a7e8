import { undecidable } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { runProgram } from './bpf-machine.ts'
import { parseBytecode, printBytecode } from './bpf-program.ts'
import { ask } from './header-bytes.ts'

/** XT_BPF_PATH_MAX without its final zero; iptables keeps that much. */
const PATH_MAX = 511
const MISSING = 'a pinned BPF program is not in the capture; settle it with --assume bpf=yes|no'

/** A classic BPF program decides, with the packet from its IP header on as input. */
export const bpf: MatchExtension = {
  name: 'bpf',
  options: [{ name: 'bytecode' }, { name: 'object-pinned' }],
  parse(options) {
    const use = options.oneOf(['bytecode', 'object-pinned'])
    if (!use) throw new Refusal(options.at, 'bpf needs --bytecode or --object-pinned')
    const [token] = use.values
    if (use.spec.name === 'object-pinned') {
      if (token.text === '') throw new Refusal(token, 'the path of the pinned program is empty; write it out')
      const path = token.text.slice(0, PATH_MAX)
      return { print: () => printOption('object-pinned', path), conditions: () => [undecidable(MISSING)] }
    }
    const program = parseBytecode(token)
    return {
      print: () => `--bytecode "${printBytecode(program)}"`,
      conditions: () => [ask('bpf', (packet) => runProgram(program, packet))],
    }
  },
}
