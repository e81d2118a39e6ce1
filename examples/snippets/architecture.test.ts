import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const packages = new URL('packages/', root)
const page = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8')
const files = readdirSync(new URL('packages/core/src', root)).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
)

test('ARCHITECTURE.md has a place for every file of core', () => {
  expect(files.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})

test.each(['core', 'protocol', 'server', 'cluster', 'client', 'cli'])(
  'ARCHITECTURE.md names no file of %s that there is not',
  (name) => {
    expect(
      named(name).filter((path) => !existsSync(new URL(`${name}/src/${path}`, packages))),
    ).toEqual([])
  },
)

test('an append and a read are told with files that there are', () => {
  const all = readdirSync(packages).flatMap(named)
  const told = [...page.matchAll(/`((?:[a-z]+\/)?[a-z0-9-]+\.ts)`/g)].map(([, path]) => path ?? '')
  expect(told.filter((path) => !all.includes(path) && !files.includes(path))).toEqual([])
})

/** The files that the tables name for a package. */
function named(name: string): string[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| '))
  const at = rows.findIndex((line) => line.startsWith(`| **${name}**`))
  const isCore = name === 'core'
  if (at === -1 && !isCore) return []
  const section = rows.slice(isCore ? 0 : at + 1)
  const end = section.findIndex((line) =>
    /^\| \*\*(protocol|server|cluster|client|cli)\*\*/.test(line),
  )
  const text = section.slice(0, end === -1 ? undefined : end).join('\n')
  return [...text.matchAll(/`((?:[a-z]+\/)?[a-z0-9-]+\.ts)`/g)].map(([, path]) => path ?? '')
}
