import { NON_STANDARD } from './h245-data-types.ts'
import {
  BOOLEAN,
  bits,
  choice,
  LONG,
  NOTHING_MORE,
  NULL,
  OCTET_STRING,
  optional,
  type PerType,
  sequence,
  skip,
  WORD,
} from './per-types.ts'

/** Multiplexes of H.245 without addresses: the helper steps over them. */

const THREE_WAYS = choice([skip(NULL), skip(NULL), skip(NULL)])

export const H222_PARAMETERS: PerType = sequence(
  [skip(WORD), skip(WORD), optional(WORD), optional(OCTET_STRING), optional(OCTET_STRING)],
  NOTHING_MORE,
)

const ADAPTATION_LAYER = choice(
  [skip(NON_STANDARD), skip(NULL), skip(NULL), skip(NULL), skip(NULL), skip(sequence([skip(bits(2)), skip(LONG)]))],
  9,
)
export const H223_PARAMETERS: PerType = sequence([skip(ADAPTATION_LAYER), skip(BOOLEAN)], NOTHING_MORE)

const HDLC = sequence([skip(THREE_WAYS), skip(WORD), skip(BOOLEAN)], NOTHING_MORE)
const ERROR_RECOVERY = sequence([skip(bits(7)), skip(THREE_WAYS)], NOTHING_MORE)
export const V76_PARAMETERS: PerType = sequence(
  [
    skip(HDLC),
    skip(THREE_WAYS),
    skip(BOOLEAN),
    skip(choice([skip(ERROR_RECOVERY), skip(NULL)])),
    skip(sequence([skip(BOOLEAN)], NOTHING_MORE)),
  ],
  NOTHING_MORE,
)
