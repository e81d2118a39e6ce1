import { manualClock } from '@goethe/core/testing'
import { expect, test } from 'vitest'
import { DiskGuard, diskSpace } from './disk-guard.js'

function guardOf(reserveBytes: number) {
  const clock = manualClock()
  const disk = { freeBytes: 1000, totalBytes: 2000 }
  const changes: (string | undefined)[] = []
  let looks = 0
  const guard = new DiskGuard({
    directory: '/data',
    reserveBytes,
    checkIntervalMs: 5000,
    clock,
    space: () => {
      looks++
      return Promise.resolve({ ...disk })
    },
    onChange: (reason) => changes.push(reason),
  })
  return { clock, disk, changes, guard, looks: () => looks }
}

test('appends stop below the reserve and go on a tenth above it', async () => {
  const { disk, guard, changes } = guardOf(500)
  const roomAt = async (freeBytes: number): Promise<boolean> => {
    disk.freeBytes = freeBytes
    await guard.check()
    return guard.hasRoom
  }
  const rooms = [1000, 500, 499, 549, 550, 500]
  const found: boolean[] = []
  for (const freeBytes of rooms) found.push(await roomAt(freeBytes))
  expect(found).toEqual([true, true, false, false, true, true])
  expect(changes).toEqual([expect.stringContaining('less than the reserve of 500'), undefined])
})

test('without a reserve an empty disk has room', async () => {
  const { disk, guard } = guardOf(0)
  disk.freeBytes = 0
  await guard.check()
  expect(guard.refusal()).toBeUndefined()
})

test('it looks once as it starts, then at each interval, and no more once stopped', async () => {
  const { clock, guard, looks } = guardOf(0)
  await guard.start()
  expect(looks()).toBe(1)
  clock.advance(5000)
  expect(looks()).toBe(2)
  await guard.stop()
  clock.advance(50_000)
  expect(looks()).toBe(2)
})

test('the disk of a directory has free and total bytes', async () => {
  const { freeBytes, totalBytes } = await diskSpace('.')
  expect(freeBytes).toBeGreaterThan(0)
  expect(totalBytes).toBeGreaterThanOrEqual(freeBytes)
})
