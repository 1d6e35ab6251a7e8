/** Numbers of the Parquet format (parquet.thrift). */
export const INT32 = 1
export const INT64 = 2
export const BYTE_ARRAY = 6

export const REQUIRED = 0
export const OPTIONAL = 1

export const UTF8 = 0

export const ENCODING_PLAIN = 0
export const ENCODING_RLE = 3
export const ENCODING_RLE_DICTIONARY = 8

export const UNCOMPRESSED = 0

export const DATA_PAGE = 0
export const DICTIONARY_PAGE = 2

export const MAGIC = 'PAR1'
