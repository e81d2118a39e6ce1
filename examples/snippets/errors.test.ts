import { readFileSync } from 'node:fs'
import { errorCodes } from '@goethe/core'
import { describe, expect, test } from 'vitest'

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const [, ...sections] = page.split(/^### /m)
const described = new Map(
  sections.map((section) => {
    const [code = '', ...text] = section.split('\n')
    return [code, text.join(' ')]
  }),
)

describe('docs/errors.md', () => {
  test('it describes all codes and no others, in their order', () => {
    expect([...described.keys()]).toEqual(Object.keys(errorCodes))
  })

  test.each(Object.entries(errorCodes))('it says of %s what the code says', (code, meaning) => {
    expect(described.get(code)).toContain(meaning)
  })

  test('it names no code that there is not', () => {
    const named = new Set(page.match(/GOETHE_[A-Z_]+/g))
    expect([...named].sort()).toEqual(Object.keys(errorCodes).sort())
  })
})
