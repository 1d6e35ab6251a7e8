import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
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

test('imports point one way', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(300)
  const wrong = files.flatMap((path) => {
    const [room, ...rest] = path.split('/')
    if (rest.length === 0) return []
    const imported = [...readFileSync(join(src, path), 'utf8').matchAll(IMPORT)].map(([, to]) => to)
    return imported.flatMap((to) => {
      const [other] = relative(src, normalize(join(src, dirname(path), to))).split('/')
      return other === room || ROOMS[room]?.includes(other) ? [] : [`${path} imports ${to}`]
    })
  })
  expect(wrong).toEqual([])
})
