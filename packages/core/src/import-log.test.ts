import { MemoryLevel } from 'memory-level'
import { expect, it } from 'vitest'
import { EventLog } from './index.js'

const one = new Uint8Array([1])

it('restores a topic without events such that it goes on where it stood', async () => {
  await using log = await EventLog.open(new MemoryLevel<string, string>())
  await log.append('a', [one, one, one])
  await log.trim('a', { before: 4 })
  const exported: Uint8Array[] = []
  await log.exportTo((chunk) => exported.push(chunk))
  await using copy = await EventLog.open(new MemoryLevel<string, string>())
  await copy.importFrom(asyncOf(exported))
  expect(await copy.describe('a')).toEqual(await log.describe('a'))
  expect((await copy.append('a', one)).firstSequence).toBe(4)
})

async function* asyncOf<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values
}
