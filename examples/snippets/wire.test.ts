import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { blocksOf } from './byte-blocks.js'
import { wireBytes } from './wire-bytes.js'

const page = readFileSync(new URL('../../docs/wire.md', import.meta.url), 'utf8')

describe('docs/wire.md', async () => {
  const written = await wireBytes()
  const shown = new Map(blocksOf(page))

  test('it shows all of these messages and no others', () => {
    expect([...shown.keys()]).toEqual([...written.keys()])
  })

  test.each([...written.keys()])('it shows the bytes of %s', (name) => {
    expect(shown.get(name)).toBe(Buffer.from(written.get(name) ?? []).toString('hex'))
  })
})
