// Runs fuzz.ts after `tsc -p test/kernel/fuzz/tsconfig.json`.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../../node_modules/.cache/ctreplay/fuzz/', import.meta.url))
// Below node_modules the package's "type": "module" does not reach.
writeFileSync(`${folder}package.json`, '{"type":"module"}')
await import(`${folder}test/kernel/fuzz/fuzz.js`)
