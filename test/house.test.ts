import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('../src', import.meta.url))

/** The rooms of the house, and those that each may import from: the way of a packet, read backwards. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  capture: ['wire'],
  defrag: ['wire'],
  conntrack: ['wire'],
  ruleset: ['wire', 'conntrack'],
  pipeline: ['wire', 'capture'],
  netfilter: ['wire', 'capture', 'defrag', 'conntrack', 'ruleset', 'pipeline'],
  report: ['wire', 'capture', 'conntrack', 'ruleset', 'pipeline', 'netfilter'],
  cli: ['wire', 'capture', 'conntrack', 'ruleset', 'pipeline', 'netfilter', 'report'],
}

const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g

/** By file, the files that it imports from: values, types, and what is loaded later. */
const imports: ReadonlyMap<string, readonly string[]> = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, importsOf(path)]),
)

function importsOf(path: string): string[] {
  const text = readFileSync(join(src, path), 'utf8')
  return [...text.matchAll(IMPORT)].map(([, to]) => normalize(join(dirname(path), to)))
}

test('every import is of a file', () => {
  expect(imports.size).toBeGreaterThan(300)
  const wrong = [...imports].flatMap(([path, files]) =>
    files.filter((to) => !imports.has(to)).map((to) => `${path} imports ${to}`),
  )
  expect(wrong).toEqual([])
})

test('imports point one way', () => {
  const wrong = [...imports].flatMap(([path, files]) => {
    const [room, ...rest] = path.split('/')
    if (rest.length === 0) return []
    return files.flatMap((to) => {
      const [other] = to.split('/')
      return other === room || ROOMS[room]?.includes(other) ? [] : [`${path} imports ${to}`]
    })
  })
  expect(wrong).toEqual([])
})

/** Folders that know nothing of the rest of their room but these. */
const INNER_ROOMS: Readonly<Record<string, readonly string[]>> = {
  'ruleset/packet': [],
  'ruleset/evaluate': ['ruleset/packet', 'ruleset/text'],
}

test.each(Object.entries(INNER_ROOMS))('imports within %s stay there', (folder, known) => {
  const [room] = folder.split('/')
  const files = [...imports].filter(([path]) => dirname(path) === folder)
  expect(files.length).toBeGreaterThan(5)
  const wrong = files.flatMap(([path, others]) =>
    others
      .filter((to) => to.startsWith(`${room}/`) && ![folder, ...known].includes(dirname(to)))
      .map((to) => `${path} imports ${to}`),
  )
  expect(wrong).toEqual([])
})

test('no file imports itself by way of others', () => {
  const cycles: string[] = []
  const way: string[] = []
  const done = new Set<string>()
  const follow = (path: string): void => {
    if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(' > '))
    if (done.has(path) || way.includes(path)) return
    way.push(path)
    for (const to of imports.get(path) ?? []) follow(to)
    way.pop()
    done.add(path)
  }
  for (const path of imports.keys()) follow(path)
  expect(cycles).toEqual([])
})
