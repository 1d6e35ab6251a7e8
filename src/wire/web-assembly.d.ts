/** The part of the WebAssembly interface that is used here: Node has it, its types do not. */
declare namespace WebAssembly {
  class Module {
    constructor(binary: Uint8Array)
  }
  class Memory {
    /** Sizes in pages of 64 KiB. */
    constructor(descriptor: { initial: number; maximum: number; shared: true })
    readonly buffer: SharedArrayBuffer
  }
  class Instance {
    constructor(module: Module, imports: { packets: { memory: Memory } })
    readonly exports: Readonly<Record<string, unknown>>
  }
}
