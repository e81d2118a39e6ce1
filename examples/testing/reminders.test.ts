import { EventLog } from '@goethe/core'
import { manualClock, type ManualClock } from '@goethe/core/testing'
import { MemoryLevel } from 'memory-level'
import { beforeEach, describe, expect, test } from 'vitest'
import { Reminders, patienceMs } from './reminders.js'

describe('reminders', () => {
  let clock: ManualClock
  let log: EventLog
  let reminders: Reminders

  beforeEach(async () => {
    clock = manualClock(new Date('2026-03-01'))
    log = await EventLog.open(new MemoryLevel(), { clock })
    reminders = new Reminders(log, () => new Date(Number(clock.now() / 1_000_000n)))
    return () => log.close()
  })

  test('a parcel is overdue after three days and not a moment before', async () => {
    await reminders.arrived('p-1')
    clock.advance(patienceMs - 1)
    expect(await reminders.overdue()).toEqual([])
    clock.advance(1)
    expect(await reminders.overdue()).toEqual(['p-1'])
  })

  test('a parcel that was picked up is not overdue', async () => {
    await reminders.arrived('p-1')
    await reminders.arrived('p-2')
    await reminders.pickedUp('p-1')
    clock.advance(patienceMs)
    expect(await reminders.overdue()).toEqual(['p-2'])
  })

  test('events have the times of the clock', async () => {
    await reminders.arrived('p-1')
    clock.advance(1500)
    await reminders.arrived('p-2')
    const events = await log.read('arrived').toArray()
    expect(events.map(({ time }) => time.toISOString())).toEqual([
      '2026-03-01T00:00:00.000Z',
      '2026-03-01T00:00:01.500Z',
    ])
  })

  test('a clock that jumps back does not make the log go back', async () => {
    await reminders.arrived('p-1')
    clock.set(0n)
    await reminders.arrived('p-2')
    const [first, second] = await log.read('arrived').toArray()
    expect(second?.id).toBe((first?.id ?? 0n) + 1n)
  })

  test('retention is enforced as time goes by', async () => {
    await reminders.arrived('p-1')
    await log.setRetention('arrived', { ageMs: 1000 })
    const trimmed = new Promise((resolve) => log.once('trim', resolve))
    clock.advance(60_000)
    expect(await trimmed).toMatchObject({ topic: 'arrived', count: 1 })
  })
})
