import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

// Puts what the command and its threads run into a few files of their own, packages included: Node starts them in half the time
// that it takes to find and load some five hundred. The library stays as tsc wrote it.
export default {
  input: {
    main: 'dist/cli/main.js',
    'capture-thread': 'dist/pipeline/capture-thread.js',
    'shard-thread': 'dist/netfilter/shards/shard-thread.js',
    'report-thread': 'dist/report/threaded/report-thread.js',
  },
  platform: 'node',
  // pcap-parser calls what Node warns of, unless it lies in a folder of packages.
  external: /^(node:|pcap-parser$)/,
  plugins: [licencesOfPackages()],
  output: {
    dir: 'dist/cli',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-shared.js',
    sourcemap: true,
  },
}

/** Copies of packages go with their licences. */
function licencesOfPackages() {
  return {
    name: 'licences-of-packages',
    generateBundle() {
      const folders = new Set()
      for (const id of this.getModuleIds()) {
        const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0]
        if (folder !== undefined) folders.add(folder)
      }
      const licences = new Set([...folders].map(licenceOf))
      const source = [...licences].sort().join('\n\n')
      this.emitFile({ type: 'asset', fileName: 'LICENCES-OF-PACKAGES.txt', source })
    },
  }
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()
  return `${name} ${version} (${license})\n\n${text}\n`
}
