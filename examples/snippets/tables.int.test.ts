import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tables } from './tables.js'

const pages = ['operating', 'api'].map((name) => new URL(`../../docs/${name}.md`, import.meta.url))
const expected = await tables()

// UPDATE=tables npx vitest run --project examples/snippets tables
if (process.env['UPDATE'] === 'tables') {
  for (const page of pages) {
    const text = readFileSync(page, 'utf8')
    writeFileSync(
      page,
      text.replaceAll(
        /(<!-- (\w+):begin -->\n\n).*?(\n\n<!-- \2:end -->)/gs,
        (...found: string[]) => {
          const [, before = '', name = '', after = ''] = found
          return before + (expected[name] ?? '') + after
        },
      ),
    )
  }
}

describe('docs/operating.md and docs/api.md', () => {
  const text = pages.map((page) => readFileSync(page, 'utf8')).join('\n')
  const shown = new Map(
    [...text.matchAll(/<!-- (\w+):begin -->\n\n(.*?)\n\n<!-- \1:end -->/gs)].map(
      ([, name = '', table = '']) => [name, table],
    ),
  )

  test.each(Object.entries(expected))('they have the table of %s as it is', (name, table) => {
    expect(shown.get(name)).toBe(table)
  })

  test('they have no other tables of this kind', () => {
    expect([...shown.keys()].sort()).toEqual(Object.keys(expected).sort())
  })
})
