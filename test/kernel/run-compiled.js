// Runs a program of this folder after `tsc -p test/kernel/tsconfig.json`: node test/kernel/run-compiled.js PROGRAM ARGS…
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../node_modules/.cache/ctreplay/agreement/', import.meta.url))
// Below node_modules the package's "type": "module" does not reach.
writeFileSync(`${folder}package.json`, '{"type":"module"}')
const program = process.argv.splice(2, 1)[0]
await import(`${folder}test/kernel/${program}.js`)
