import { ALIAS, IDENTIFIER, NON_STANDARD_PARAMETER } from './h225-types.ts'
import {
  choice,
  extensions,
  NULL,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  OPEN_TYPE,
  octets,
  optional,
  SECONDS,
  sequence,
  skip,
  string,
  UNBOUNDED,
} from './per-types.ts'

/** Security of calls (H.235), as far as a Progress message has it in front of what the helper reads. */

const SERVICE_MODE = choice([skip(NON_STANDARD_PARAMETER), skip(NULL), skip(NULL)])
const SECURITY_CAPABILITIES = sequence(
  [optional(NON_STANDARD_PARAMETER), skip(SERVICE_MODE), skip(SERVICE_MODE), skip(SERVICE_MODE)],
  extensions(0),
)
export const H245_SECURITY = choice([
  skip(NON_STANDARD_PARAMETER),
  skip(NULL),
  skip(SECURITY_CAPABILITIES),
  skip(SECURITY_CAPABILITIES),
])

const BIT_STRING = string(1, 'word', 0)
const DH_SET = sequence([skip(BIT_STRING), skip(BIT_STRING), skip(BIT_STRING)], extensions(0))
const TYPED_CERTIFICATE = sequence([skip(OBJECT_IDENTIFIER), skip(OCTET_STRING)], extensions(0))

export const CLEAR_TOKEN = sequence(
  [
    skip(OBJECT_IDENTIFIER),
    optional(SECONDS),
    optional(IDENTIFIER),
    optional(DH_SET),
    optional(string(8, 7, 8)),
    optional(UNBOUNDED),
    optional(TYPED_CERTIFICATE),
    optional(IDENTIFIER),
    optional(sequence([skip(OBJECT_IDENTIFIER), skip(OCTET_STRING)])),
  ],
  extensions(2),
)

const PARAMETERS = sequence([optional(UNBOUNDED), optional(octets(8))], extensions(1))
const SIGNATURE = skip(string(1, 'determinant', 0))
const ALGORITHM = [skip(OBJECT_IDENTIFIER), skip(PARAMETERS)]
const HASHED = sequence([...ALGORITHM, SIGNATURE])
const ENCRYPTED = sequence([...ALGORITHM, skip(OCTET_STRING)])
const SIGNED = sequence([skip(OPEN_TYPE), ...ALGORITHM, SIGNATURE])

const NESTED_TOKEN = choice([
  skip(sequence([skip(OBJECT_IDENTIFIER), skip(ENCRYPTED)])),
  skip(sequence([skip(OBJECT_IDENTIFIER), skip(SIGNED)])),
  skip(sequence([skip(OBJECT_IDENTIFIER), skip(CLEAR_TOKEN), skip(HASHED)])),
  skip(ENCRYPTED),
])

export const CRYPTO_TOKEN = choice([
  skip(sequence([skip(ALIAS), skip(SECONDS), skip(HASHED)])),
  skip(sequence([skip(IDENTIFIER), skip(SECONDS), skip(HASHED)])),
  skip(ENCRYPTED),
  skip(ENCRYPTED),
  skip(SIGNED),
  skip(SIGNED),
  skip(SIGNED),
  skip(NESTED_TOKEN),
])
