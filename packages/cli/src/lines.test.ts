import { expect, test } from 'vitest'
import { linesOf } from './lines.js'

test('lines are put together from chunks', async () => {
  expect(await read('a', 'b\nc', '\n\nd\n')).toEqual([['ab'], ['c', '', 'd']])
})

test('the last line needs no end', async () => {
  expect(await read('a\nb')).toEqual([['a'], ['b']])
  expect(await read('a\n')).toEqual([['a']])
  expect(await read()).toEqual([])
})

test('an input without an end is refused before it fills the memory', async () => {
  const chunk = 'x'.repeat(1024 * 1024)
  await expect(read(...Array.from({ length: 17 }, () => chunk))).rejects.toThrow(
    'longer than 16 MiB',
  )
})

async function read(...texts: string[]): Promise<string[][]> {
  const all: string[][] = []
  for await (const lines of linesOf(chunks(...texts.map((text) => Buffer.from(text))))) {
    all.push(lines.map((line) => Buffer.from(line).toString()))
  }
  return all
}

async function* chunks(...parts: Uint8Array[]) {
  yield* parts
}
