/** The part of the npm package pcap-parser 0.2 that is used here; it comes without types. */
declare module 'pcap-parser' {
  export interface PacketHeader {
    timestampSeconds: number
    timestampMicroseconds: number
    capturedLength: number
    originalLength: number
  }
  export interface Parser {
    on(event: 'packetHeader', listener: (header: PacketHeader) => void): this
    on(event: 'packet', listener: (packet: { header: PacketHeader; data: Buffer }) => void): this
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'end', listener: () => void): this
  }
  export function parse(input: NodeJS.EventEmitter): Parser
}
