import { manualClock } from '@goethe/core/testing'
import { expect, test } from 'vitest'
import type { ConsumeCommand } from '@goethe/protocol'
import type { ServedConsumer } from '../served-log.js'
import { RemoteConsumer } from './remote-consumer.js'

const nothing: ConsumeCommand = { credit: 0, acks: [], nacks: [], extends: [], releases: [] }

/** An instance to which nothing is delivered. */
function idleInstance(): RemoteConsumer {
  const consumer: Partial<ServedConsumer> = { close: () => Promise.resolve() }
  return new RemoteConsumer('one', consumer as ServedConsumer, manualClock())
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a program that does not read what it is told is not heard further', async () => {
  const instance = idleInstance()
  let read = (): void => undefined
  const send = (): Promise<void> => {
    return new Promise((resolve) => {
      read = resolve
    })
  }
  instance.attach(send, 0n).catch(() => undefined)
  await nextTurn()
  // The name of the instance is being written, and nobody reads it.
  let isHeard = false
  for (let count = 0; count < 1000; count++) instance.command({ ...nothing, acks: [1] })
  void instance.heard().then(() => {
    isHeard = true
  })
  await nextTurn()
  expect(isHeard).toBe(false)
  read()
  await nextTurn()
  read()
  await nextTurn()
  expect(isHeard).toBe(true)
})

test('a command speaks of no more deliveries than there can be', () => {
  const acks = new Array<number>(40_001).fill(1)
  expect(() => idleInstance().command({ ...nothing, acks })).toThrow(
    'A command speaks of 40001 deliveries',
  )
})
