const PAGE_BYTES = 65_536

/** vector-sum.wat, assembled (`npx wat2wasm --enable-threads src/wire/vector-sum.wat`); a test compares them. */
export const MODULE =
  'AGFzbQEAAAABBwFgAn9/AX8CFgEHcGFja2V0cwZtZW1vcnkCAwGAgAQDAgEABwsBB3dvcmRTdW0AAArjAQHgAQICfwJ7IAAgAWohAgJAA0AgAEEg' +
  'aiACSw0BIAQgAP0AAAD9f/2uASEEIAUgAP0AABD9f/2uASEFIABBIGohAAwACwsgAEEQaiACTQRAIAQgAP0AAAD9f/2uASEEIABBEGohAAsgBCAF' +
  '/a4BIQQgBP0M//8AAP//AAD//wAA//8AAP1OIARBEP2tAf2uASEEIAT9GwAgBP0bAWogBP0bAiAE/RsDamohAwJAA0AgAEECaiACSw0BIAMgAC8A' +
  'AGohAyAAQQJqIQAMAAsLIAAgAkkEQCADIAAtAABqIQMLIAML'

/** Memory that threads can share. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
}

/** Sums the words of `length` bytes from place `at` on, to be folded: see vector-sum.wat. */
type WordSum = (at: number, length: number) => number

const sums = new WeakMap<ArrayBufferLike, WordSum>()

/**
 * Blank memory whose words can be summed by vector instructions, after `useVectors` in each thread that does so.
 * Ordinary shared memory where WebAssembly is missing, or the address space that it reserves.
 */
export function memoryForVectors(byteLength: number): SharedMemory {
  const pages = Math.ceil(byteLength / PAGE_BYTES)
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  } catch {
    return { buffer: new SharedArrayBuffer(byteLength) }
  }
}

/** Makes `vectorSumOf` of this thread know the memory, if it is memory of WebAssembly. */
export function useVectors(memory: SharedMemory): void {
  try {
    if (!(memory instanceof WebAssembly.Memory)) return
    const module = new WebAssembly.Module(Buffer.from(MODULE, 'base64'))
    const { wordSum } = new WebAssembly.Instance(module, { packets: { memory } }).exports
    sums.set(memory.buffer, wordSum as WordSum)
  } catch {
    // WebAssembly is switched off, or the processor has no vector instructions.
  }
}

/** The function that sums words of this memory; undefined where only plain code can. */
export function vectorSumOf(buffer: ArrayBufferLike): WordSum | undefined {
  return sums.get(buffer)
}
