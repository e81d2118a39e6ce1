import { manualClock } from '@goethe/core/testing'
import { expect, test } from 'vitest'
import { RepeatedCheck } from './repeated-check.js'

/** A check whose looks end when a test says so. */
function checkOf() {
  const clock = manualClock()
  const ends: (() => void)[] = []
  const check = () => new Promise<void>((resolve) => ends.push(resolve))
  return { clock, ends, looks: new RepeatedCheck({ clock, intervalMs: 1000, check }) }
}

test('an interval begins when the look before has ended', async () => {
  const { clock, ends, looks } = checkOf()
  looks.start()
  clock.advance(1000)
  expect(ends).toHaveLength(1)
  clock.advance(5000)
  expect(ends).toHaveLength(1)
  ends[0]!()
  await looks.now()
  // The look has ended; the next one is timed behind it.
  await Promise.resolve()
  clock.advance(1000)
  expect(ends).toHaveLength(2)
})

test('whoever asks while a look is under way waits for that one', async () => {
  const { ends, looks } = checkOf()
  const both = [looks.now(), looks.now()]
  expect(ends).toHaveLength(1)
  ends[0]!()
  await Promise.all(both)
})

test('stopping waits for the look that is under way, and none comes behind it', async () => {
  const { clock, ends, looks } = checkOf()
  looks.start()
  clock.advance(1000)
  let stopped = false
  const stop = looks.stop().then(() => {
    stopped = true
  })
  await Promise.resolve()
  expect(stopped).toBe(false)
  ends[0]!()
  await stop
  clock.advance(5000)
  expect(ends).toHaveLength(1)
})
