// Runs the benchmark after `tsc -p test/bench/tsconfig.json`: node test/bench/run-compiled.js OPTIONS…
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../node_modules/.cache/ctreplay/bench/code/', import.meta.url))
// Below node_modules the package's "type": "module" does not reach.
writeFileSync(`${folder}package.json`, '{"type":"module"}')
await import(`${folder}test/bench/bench.js`)
