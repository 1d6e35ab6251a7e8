import { CONTEXT_MATCH_GRAMMARS } from './context-match-grammars.ts'
import type { Grammar } from './grammar.ts'
import { PACKET_MATCH_GRAMMARS } from './packet-match-grammars.ts'
import { TARGET_GRAMMARS } from './target-grammars.ts'

/** Every extension that is tried, with the places where its rules may stand. Both tables and protocols are varied besides. */
export const GRAMMARS: readonly Grammar[] = [...PACKET_MATCH_GRAMMARS, ...CONTEXT_MATCH_GRAMMARS, ...TARGET_GRAMMARS]
