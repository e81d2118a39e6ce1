import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8')
const files = readdirSync(new URL('packages/core/src', root)).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
)

test('ARCHITECTURE.md has a place for every file of core', () => {
  expect(files.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})

test('ARCHITECTURE.md names no file of core that there is not', () => {
  const named = new Set([...page.matchAll(/`([a-z0-9-]+\.ts)`/g)].map(([, name]) => name))
  expect([...named].filter((name) => !files.includes(name ?? ''))).toEqual([])
})
