import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { blocksOf } from './byte-blocks.js'
import { storedBytes } from './stored-bytes.js'

const page = readFileSync(new URL('../../docs/storage.md', import.meta.url), 'utf8')

describe('docs/storage.md', async () => {
  const stored = await storedBytes()
  const shown = new Map(blocksOf(page))

  test('it shows every kind of entry and frame', () => {
    expect([...shown.keys()].sort()).toEqual([...stored.keys()].sort())
  })

  test.each([...stored.keys()])('it shows the bytes of the %s', (name) => {
    expect(shown.get(name)).toBe(Buffer.from(stored.get(name) ?? []).toString('hex'))
  })
})
