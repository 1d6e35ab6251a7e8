// Writes a capture like `a` of so many bytes to a file or pipe: node generate.js PATH BYTES
import { everyday } from './captures.ts'
import { PacketWriter } from './packet-writer.ts'

const [path, bytes] = process.argv.slice(2)
const writer = new PacketWriter(path)
everyday(false, writer, () => writer.written >= Number(bytes))
writer.close()
