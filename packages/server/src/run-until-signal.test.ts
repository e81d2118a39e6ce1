import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { createLogger } from './log-writer.js'
import { type SignalSource, runUntilSignal } from './run-until-signal.js'

const logger = createLogger({ level: 'silent', format: 'json' })

class Signals extends EventEmitter {
  readonly exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
}

test('a signal stops the server, and nobody listens for signals any more', async () => {
  const signals = new Signals()
  let stops = 0
  const server = { logger, stop: () => Promise.resolve(void stops++) }
  const running = runUntilSignal(server, signals as SignalSource)
  signals.emit('SIGTERM', 'SIGTERM')
  await running
  expect([stops, signals.exits, signals.listenerCount('SIGTERM')]).toEqual([1, [], 0])
})

test('a second signal ends the process at once', async () => {
  const signals = new Signals()
  let finish!: () => void
  const server = { logger, stop: () => new Promise<void>((resolve) => (finish = resolve)) }
  const running = runUntilSignal(server, signals as SignalSource)
  signals.emit('SIGINT', 'SIGINT')
  await Promise.resolve()
  signals.emit('SIGTERM', 'SIGTERM')
  expect(signals.exits).toEqual([143])
  finish()
  await running
})
