import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decode, encode } from './columns.mjs'

const packed = new URL('commits.columns.br', import.meta.url)
const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
const sha256 = 'c30cd4b0d385ef84639e2ceb438b6318f437c0965712e6518a980f47070e581a'

describe('the packed commits', () => {
  test('all lines come back byte by byte', () => {
    const hash = createHash('sha256')
    let count = 0
    for (const line of decode(readFileSync(packed))) {
      hash.update(`${line}\n`)
      count++
    }
    expect(count).toBe(116_196)
    expect(hash.digest('hex')).toBe(sha256)
    expect(readme).toContain(sha256)
  })

  test('the file stays below 1 MB', () => {
    expect(statSync(packed).size).toBeLessThan(1_000_000)
  })
})

describe('packing', () => {
  const event = {
    specversion: '1.0',
    type: 'dev.git.commit',
    source: 'a/b',
    id: '0123456789ab',
    time: '2026-01-01T00:00:00Z',
    data: { parents: 2 },
  }

  test('what it does not know how to pack is refused', () => {
    const line = JSON.stringify({ ...event, extra: true })
    expect(() => encode([line])).toThrow('Line 1 would not come back as it was')
  })

  test('events out of order are refused', () => {
    const lines = [event, { ...event, time: '2025-01-01T00:00:00Z' }]
    expect(() => encode(lines.map((line) => JSON.stringify(line)))).toThrow('not in the order')
  })
})
