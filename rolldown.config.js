import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'

// What tsc made of src.
const COMMAND = 'build/cli/main.js'
const THREADS = [
  'build/pipeline/capture-thread.js',
  'build/netfilter/shards/shard-thread.js',
  'build/report/threaded/report-thread.js',
]
const RUN_BUNDLE = 'build/cli/run-bundle.js'

// What belongs together is put into one file, packages included: Node starts it in half the time that it takes to find and
// load some five hundred. It runs faster, too: what one module imports from another, be it a constant, is looked up each time.
const shared = {
  platform: 'node',
  // pcap-parser calls what Node warns of, unless it lies in a folder of packages.
  external: /^(node:|pcap-parser$)/,
}
const output = { dir: 'dist', sourcemap: true }

export default [
  {
    ...shared,
    input: { index: 'build/index.js' },
    // Threads are started from a file beside the one that starts them (startThread): both lie in cli.
    output: {
      ...output,
      format: 'esm',
      chunkFileNames: 'cli/[name].mjs',
      codeSplitting: { groups: [{ name: 'library', test: /./ }] },
    },
  },
  {
    ...shared,
    input: { 'run-bundle': RUN_BUNDLE },
    plugins: [startedAsCommonJs()],
    output: { ...output, format: 'cjs', entryFileNames: 'cli/[name].js' },
  },
  ...[COMMAND, ...THREADS].map(bundleOf),
]

/** The command or a thread, as one file, with the code that V8 makes of it, and a file that runs it. */
function bundleOf(file) {
  const name = basename(file, '.js')
  return {
    ...shared,
    input: { [name]: file },
    // yargs resolves by it what a configuration extends; there is none.
    checks: { emptyImportMeta: false },
    plugins: [widthsOfHelp(), inAscii(), codeOfBundle(name), ...(file === COMMAND ? [licencesOfPackages()] : [])],
    output: {
      ...output,
      format: 'cjs',
      entryFileNames: 'cli/[name].cjs',
      codeSplitting: false,
      // What is loaded later is required: a script with saved code cannot import.
      dynamicImportInCjs: false,
      comments: false,
    },
  }
}

function codeOfBundle(name) {
  return {
    name: 'code-of-bundle',
    generateBundle() {
      const source = `#!/usr/bin/env node\nrequire('./run-bundle.js').runBundle('${name}.cjs')\n`
      this.emitFile({ type: 'asset', fileName: `cli/${name}.js`, source })
    },
    async writeBundle() {
      const { codeFile, compileBundle } = await import(pathToFileURL(resolve(RUN_BUNDLE)).href)
      const file = `dist/cli/${name}.cjs`
      // All functions, instead of those that have been called. The flags are those of V8 again when the code is saved.
      setFlagsFromString('--no-lazy')
      const script = compileBundle(file)
      setFlagsFromString('--lazy')
      writeFileSync(codeFile(file), script.createCachedData())
    },
  }
}

/** What Node starts is CommonJS, which takes it 6 ms less than a module (as `.js` in this package would be). */
function startedAsCommonJs() {
  return {
    name: 'started-as-common-js',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'cli/package.json', source: '{ "type": "commonjs" }\n' })
    },
  }
}

/** Text with other characters is kept by V8 in two bytes each, which takes longer at each start. There are no comments. */
function inAscii() {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return {
    name: 'in-ascii',
    generateBundle(_, files) {
      for (const file of Object.values(files)) {
        if (file.type === 'chunk') file.code = file.code.replace(/[^\n -~\t]/g, escaped)
      }
    },
  }
}

/** Help has no wide characters. To ask for the emoji among them takes 15 ms at each start. */
function widthsOfHelp() {
  return {
    name: 'widths-of-help',
    transform(code, id) {
      const isAsked = /\/string-width\/index\.js$/.test(id) && code.includes('export default function stringWidth')
      return isAsked ? { code: 'export default (text) => text.length', map: null } : null
    },
  }
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
      this.emitFile({ type: 'asset', fileName: 'cli/LICENCES-OF-PACKAGES.txt', source })
    },
  }
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()
  return `${name} ${version} (${license})\n\n${text}\n`
}
