import { expect, it } from 'vitest'
import { JsonLines } from './json-lines.js'

const text = '{"a":"ä"}\n\n[1,2]\r\n"x"\n'

it('gives the values of lines, wherever they were cut', () => {
  const bytes = Buffer.from(text)
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const lines = new JsonLines()
      const pieces = [
        bytes.subarray(0, first),
        bytes.subarray(first, second),
        bytes.subarray(second),
      ]
      expect(pieces.flatMap((piece) => lines.push(piece))).toEqual([{ a: 'ä' }, [1, 2], 'x'])
    }
  }
})

it('gives nothing of a line that has no end yet', () => {
  const lines = new JsonLines()
  expect(lines.push(Buffer.from('{"a":'))).toEqual([])
  expect(lines.push(Buffer.from('1}'))).toEqual([])
  expect(lines.push(Buffer.from('\n'))).toEqual([{ a: 1 }])
})

it('refuses a line that is longer than any object', () => {
  const lines = new JsonLines()
  const piece = Buffer.alloc(1024 * 1024, 'x')
  for (let count = 0; count < 4; count++) lines.push(piece)
  expect(() => lines.push(piece)).toThrow('A line has more than 4194304 bytes')
})
