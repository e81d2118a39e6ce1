import { MemoryLevel } from 'memory-level'
import { expect, it } from 'vitest'
import { EventLog } from './index.js'
import { manualClock } from './testing.js'

const one = new Uint8Array([1])

it('reads back from a sequence, also from the first one and from one that is gone', async () => {
  const clock = manualClock()
  await using log = await EventLog.open(new MemoryLevel<string, string>(), { clock })
  const back = async (from: number): Promise<number[]> =>
    (await log.read('a', { from, reverse: true }).toArray()).map(({ sequence }) => sequence)
  await log.append('a', [one, one, one])
  clock.advance(1000)
  await log.append('a', [one, one])
  expect(await back(0)).toEqual([])
  expect(await back(1)).toEqual([1])
  expect(await back(4)).toEqual([4, 3, 2, 1])
  expect(await back(9)).toEqual([5, 4, 3, 2, 1])
  for (const before of [3, 4]) {
    await log.trim('a', { before })
    expect(await back(before - 1)).toEqual([])
    expect(await back(before)).toEqual([before])
    expect((await log.seek('a', before, { nearest: 'previous' }))?.sequence).toBe(before)
  }
})
