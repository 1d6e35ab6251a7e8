import type { Grammar } from './grammar.ts'
import { MATCH_GRAMMARS } from './match-grammars.ts'
import { TARGET_GRAMMARS } from './target-grammars.ts'

/** Every extension that is tried, with the places where its rules may stand. Both tables and protocols are varied besides. */
export const GRAMMARS: readonly Grammar[] = [...MATCH_GRAMMARS, ...TARGET_GRAMMARS]
