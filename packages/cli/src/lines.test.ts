import { expect, test } from 'vitest'
import { linesOf } from './lines.js'

test('lines are found across chunks, and the last one needs no end', async () => {
  expect(await read('on', 'e\ntwo\n', '\nfour')).toEqual(['one', 'two', '', 'four'])
})

test('no line follows the last line feed', async () => {
  expect(await read('one\n')).toEqual(['one'])
})

test('bytes that are no text stay as they are', async () => {
  const lines = []
  for await (const line of linesOf(chunks(Buffer.from([0xff, 0x0d, 0x0a])))) lines.push([...line])
  expect(lines).toEqual([[0xff, 0x0d]])
})

test('a line without end is refused before it fills the memory', async () => {
  const chunk = 'x'.repeat(1024 * 1024)
  await expect(read(...Array.from({ length: 17 }, () => chunk))).rejects.toThrow(
    'longer than 16 MiB',
  )
})

async function read(...texts: string[]): Promise<string[]> {
  const lines = []
  for await (const line of linesOf(chunks(...texts.map((text) => Buffer.from(text))))) {
    lines.push(Buffer.from(line).toString())
  }
  return lines
}

async function* chunks(...parts: Uint8Array[]) {
  yield* parts
}
