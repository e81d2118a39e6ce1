import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { inParallel } from './in-parallel.mjs'

describe('inParallel', () => {
  test('resolves with the results in the order of the items, whichever is done first', async () => {
    const done: number[] = []
    const results = await inParallel(
      [3, 1, 2],
      async (turns) => {
        for (let turn = 0; turn < turns; turn++) await setImmediate()
        done.push(turns)
        return turns * 10
      },
      3,
    )
    expect(results).toEqual([30, 10, 20])
    expect(done).toEqual([1, 2, 3])
  })

  test('does no more at a time than it may, and no less', async () => {
    let running = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++running)
      await setImmediate()
      running--
    }
    await inParallel([1, 2, 3, 4, 5], work, 2)
    expect(most).toBe(2)
  })

  test('rejects with the first error, begins nothing after it, and leaves nothing under way', async () => {
    const begun: string[] = []
    const ended: string[] = []
    const work = async (name: string) => {
      begun.push(name)
      await setImmediate()
      if (name === 'bad') throw new Error('no')
      await setImmediate()
      ended.push(name)
    }
    await expect(inParallel(['bad', 'good', 'late'], work, 2)).rejects.toThrow('no')
    expect(begun).toEqual(['bad', 'good'])
    expect(ended).toEqual(['good'])
  })
})
