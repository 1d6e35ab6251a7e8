import {
  BOOLEAN,
  bits,
  choice,
  extensions,
  fixedChoice,
  LONG,
  NULL,
  named,
  OBJECT_IDENTIFIER,
  OCTET,
  OCTET_STRING,
  optional,
  type PerType,
  read,
  sequence,
  skip,
  WORD,
} from './per-types.ts'

/** What a logical channel of H.245 carries. */

const NON_STANDARD_IDENTIFIER = fixedChoice([
  skip(OBJECT_IDENTIFIER),
  skip(sequence([skip(OCTET), skip(OCTET), skip(WORD)])),
])
export const NON_STANDARD = sequence([skip(NON_STANDARD_IDENTIFIER), skip(OCTET_STRING)])

const PICTURE_INTERVAL = optional(bits(2))
const H261 = sequence([PICTURE_INTERVAL, PICTURE_INTERVAL, skip(BOOLEAN), skip(WORD), skip(BOOLEAN)], extensions(1))
/** Bounds of an MPEG stream. */
const STREAM_BOUNDS = [
  optional(LONG),
  optional(LONG),
  optional(WORD),
  optional(WORD),
  optional(bits(4)),
  optional(LONG),
]
const H262 = sequence([skip(bits(11)), ...STREAM_BOUNDS], extensions(1))
const IS_11172_VIDEO = sequence([skip(bits(1)), ...STREAM_BOUNDS], extensions(1))
const H263 = sequence(
  [...Array.from({ length: 5 }, () => optional(bits(5))), skip(LONG), skip(bits(5)), optional(LONG), optional(WORD)],
  extensions(8),
)
const VIDEO = choice([skip(NON_STANDARD), skip(H261), skip(H262), skip(H263), skip(IS_11172_VIDEO)], 6)

const FRAMES = skip(OCTET)
/** Flags and a bit rate. */
const layeredAudio = (flags: number) => sequence([skip(bits(flags)), skip(WORD)], extensions(0))
const AUDIO = choice(
  [
    skip(NON_STANDARD),
    FRAMES,
    FRAMES,
    FRAMES,
    FRAMES,
    FRAMES,
    FRAMES,
    FRAMES,
    skip(sequence([FRAMES, skip(BOOLEAN)])),
    FRAMES,
    FRAMES,
    FRAMES,
    skip(layeredAudio(8)),
    skip(layeredAudio(20)),
  ],
  22,
)

/** DataProtocolCapability: of interest is whether T.120 has a LAN stack of its own. */
const PROTOCOL = choice([skip(NON_STANDARD), ...Array.from({ length: 6 }, () => skip(NULL))], 14, {
  3: named('separateStack'),
})
const T84_PROFILE = fixedChoice([skip(NULL), skip(sequence([skip(bits(19))], extensions(0)))])
const APPLICATION = choice(
  [
    skip(NON_STANDARD),
    read('t120', PROTOCOL),
    skip(PROTOCOL),
    skip(PROTOCOL),
    skip(sequence([skip(PROTOCOL), skip(T84_PROFILE)])),
    skip(PROTOCOL),
    skip(PROTOCOL),
    skip(sequence([skip(PROTOCOL), skip(OCTET_STRING)])),
    skip(NULL),
    skip(PROTOCOL),
  ],
  14,
)
const DATA = sequence([read('application', APPLICATION), skip(LONG)], extensions(0))

export const DATA_TYPE: PerType = choice(
  [
    skip(NON_STANDARD),
    skip(NULL),
    skip(VIDEO),
    skip(AUDIO),
    read('data', DATA),
    skip(choice([skip(NON_STANDARD), skip(NULL)])),
  ],
  9,
)
