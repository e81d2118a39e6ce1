import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { FaultyLevel, type Faults } from '../tests-support/faulty-level.js'
import { assertCode } from '../tests-support/log-machine.js'
import { problemsOf } from '../tests-support/problems.js'
import { EventLog, isGoetheError } from './index.js'
import { manualClock } from './testing.js'

const one = new Uint8Array([1])

async function openLog(): Promise<{ level: FaultyLevel; log: EventLog }> {
  const level = new FaultyLevel(new MemoryLevel())
  const log = await EventLog.open(level, { clock: manualClock() })
  await log.append('a', [one, one], { producer: { id: 'p', sequence: 1 } })
  await log.cursor('a', 'reader').commit((await log.seek('a', 1))!)
  return { level, log }
}

const broken = new Error('the disk is broken')

const writeFaults: Record<string, NonNullable<Faults['write']>> = {
  'fails at once': () => Promise.reject(broken),
  // As if the batch had reached the disk and only its fsync failed.
  'fails after it was written': async (operations, write) => {
    await write(operations)
    throw broken
  },
}

describe('a write that fails', () => {
  for (const [name, fault] of Object.entries(writeFaults)) {
    it(`rejects what it held, shows nothing of it, and ends all writing (${name})`, async () => {
      const { level, log } = await openLog()
      const errors: unknown[] = []
      log.on('error', (error) => errors.push(error))
      const tail = log.read('*', { from: 'end', follow: true })[Symbol.asyncIterator]()
      const next = tail.next().catch((error: unknown) => error)
      level.faults.write = fault
      const works = [
        log.append('a', one),
        log.append('new', one),
        log.append('a', one, { producer: { id: 'p', sequence: 2 } }),
        log.appendAll([
          { topic: 'a', payloads: one },
          { topic: 'b', payloads: one },
        ]),
        log.cursor('a', 'reader').commit((await log.seek('a', 2))!),
      ]
      for (const work of works) {
        const error: unknown = await work.catch((reason: unknown) => reason)
        expect(isGoetheError(error, 'GOETHE_WRITE_FAILED')).toBe(true)
        expect((error as Error).cause).toBe(broken)
      }
      level.faults.write = undefined
      expect(errors).toHaveLength(1)
      expect(log.status()).toMatchObject({ writable: false, queuedBytes: 0, waitingAppends: 0 })
      // Later writes are refused without asking the store.
      const { writes } = level
      await assertCode(log.append('a', one), 'GOETHE_WRITE_FAILED')
      await assertCode(log.trim('a', { before: 2 }), 'GOETHE_WRITE_FAILED')
      await assertCode(log.deleteTopic('a'), 'GOETHE_WRITE_FAILED')
      await assertCode(log.setRetention('a', null), 'GOETHE_WRITE_FAILED')
      expect(level.writes).toBe(writes)
      if (fault === writeFaults['fails at once']) {
        expect((await log.read('*').toArray()).map(({ sequence }) => sequence)).toEqual([1, 2])
        expect((await log.describe('a')).count).toBe(2)
        expect(await log.topics()).toEqual(['a'])
        expect((await log.cursor('a', 'reader').position())?.sequence).toBe(1)
      }
      expect((await log.read('a', { limit: 1 }).toArray())[0]!.sequence).toBe(1)
      await log.close()
      expect(isGoetheError(await next, 'GOETHE_CLOSED')).toBe(true)

      await using again = await EventLog.open(level, { clock: manualClock() })
      expect(await problemsOf(again)).toEqual([])
      const { length } = await again.read('a').toArray()
      const receipt = await again.append('a', one)
      expect(receipt.firstSequence).toBe(length + 1)
      const ids = (await again.read('*').toArray()).map(({ id }) => id)
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => (a < b ? -1 : 1)))
      const retry = await again.append('a', one, { producer: { id: 'p', sequence: 2 } })
      expect(retry.repeated).toBe(fault !== writeFaults['fails at once'])
    })
  }

  it('holds those that wait for room in the queue too', async () => {
    const level = new FaultyLevel(new MemoryLevel())
    await using log = await EventLog.open(level, { queueBytesMax: 100 })
    level.faults.write = () => Promise.reject(broken)
    const works = Array.from({ length: 5 }, () => log.append('a', one))
    for (const work of works) await assertCode(work, 'GOETHE_WRITE_FAILED')
  })

  it('that hangs lets reads go on and holds later appends back', async () => {
    const { level, log } = await openLog()
    let release!: () => void
    const released = new Promise<void>((resolve) => (release = resolve))
    level.faults.write = async (operations, write) => {
      await released
      await write(operations)
    }
    const hanging = log.append('a', one)
    const later = log.append('a', one)
    expect((await log.read('a').toArray()).length).toBe(2)
    release()
    expect([(await hanging).firstSequence, (await later).firstSequence]).toEqual([3, 4])
    await log.close()
  })

  it('is refused as GOETHE_WRITE_FAILED when a log is made', async () => {
    const level = new FaultyLevel(new MemoryLevel())
    level.faults.write = () => Promise.reject(broken)
    await assertCode(EventLog.open(level), 'GOETHE_WRITE_FAILED')
    level.faults.write = undefined
    await using log = await EventLog.open(level)
    expect((await log.append('a', one)).firstSequence).toBe(1)
  })
})

describe('a read that fails', () => {
  const coded = (code: string): Error => Object.assign(new Error('it is bad'), { code })

  it('of what a producer did is needed once', async () => {
    const { level, log } = await openLog()
    const append = (sequence: number) =>
      log.append('a', one, { producer: { id: 'known', sequence } })
    await append(1)
    level.faults.read = () => {
      throw coded('LEVEL_IO_ERROR')
    }
    expect((await append(2)).repeated).toBe(false)
    expect((await append(1)).repeated).toBe(true)
    level.faults.read = undefined
    await log.deleteTopic('a')
    level.faults.read = () => {
      throw coded('LEVEL_IO_ERROR')
    }
    expect((await append(9)).repeated).toBe(false)
    level.faults.read = undefined
    await log.close()
  })

  it('ends that read alone, with the reason', async () => {
    const { level, log } = await openLog()
    for (const [code, expected] of [
      ['LEVEL_CORRUPTION', 'GOETHE_CORRUPT'],
      ['LEVEL_IO_ERROR', 'GOETHE_READ_FAILED'],
    ] as const) {
      const cases: (() => Promise<unknown>)[] = [
        () => log.read('a').toArray(),
        () => log.read('*').toArray(),
        () => log.read('a', { reverse: true }).toArray(),
        () => log.read('*', { reverse: true }).toArray(),
        () => log.seek('a', 1),
        () => log.cursors(),
        () => log.cursor('a', 'reader').position(),
        () => log.topics(),
        () => log.histogram('a'),
        () => log.append('unknown', one),
        () => log.append('a', one, { producer: { id: 'unknown', sequence: 1 } }),
        () => log.cursor('a', 'other').commit({ id: 1n, sequence: 1 }),
        () => log.consumer('a', 'worker')[Symbol.asyncIterator]().next(),
        () => log.exportTo(() => undefined),
      ]
      for (const [index, work] of cases.entries()) {
        level.faults.read = () => {
          throw coded(code)
        }
        const error: unknown = await work().catch((reason: unknown) => reason)
        level.faults.read = undefined
        const found = isGoetheError(error) ? error.code : String(error)
        expect(`case ${index}: ${found}`).toBe(`case ${index}: ${expected}`)
        expect(((error as Error).cause as { code?: string } | undefined)?.code).toBe(code)
      }
      expect(log.status().writable).toBe(true)
      expect((await log.read('a').toArray()).length).toBe(2)
    }
    expect((await log.append('a', one)).firstSequence).toBe(3)
    expect(await problemsOf(log)).toEqual([])
    await log.close()
  })

  it('is a problem of verify(), which goes on behind it', async () => {
    const { level, log } = await openLog()
    level.faults.read = (kind) => {
      if (kind === 'get') throw coded('LEVEL_CORRUPTION')
    }
    const messages = (await problemsOf(log)).map(({ message }) => message)
    expect(messages).toContain('The store is corrupt: it is bad')
    level.faults.read = undefined
    expect(await problemsOf(log)).toEqual([])
    await log.close()
  })

  it('shows no event of a block whose bytes are not what was written', async () => {
    const { level, log } = await openLog()
    level.faults.value = (_, value) => {
      const flipped = Uint8Array.from(value)
      flipped[flipped.length - 1]! ^= 1
      return flipped
    }
    await assertCode(log.read('a').toArray(), 'GOETHE_CORRUPT')
    await assertCode(log.read('*').toArray(), 'GOETHE_CORRUPT')
    level.faults.value = undefined
    expect((await log.read('a').toArray()).length).toBe(2)
    await log.close()
  })

  it('before a dead letter is written leaves it to whoever consumes next', async () => {
    const { level, log } = await openLog()
    const options = { maxAttempts: 1, deadLetter: 'dead' }
    const first = await log.consumer('a', 'worker', options)[Symbol.asyncIterator]().next()
    level.faults.read = () => {
      throw coded('LEVEL_IO_ERROR')
    }
    await assertCode((first.value as { nack(): Promise<void> }).nack(), 'GOETHE_READ_FAILED')
    level.faults.read = undefined
    const next = await log.consumer('a', 'worker', options)[Symbol.asyncIterator]().next()
    expect((next.value as { event: { sequence: number } }).event.sequence).toBe(2)
    expect((await log.describe('dead')).count).toBe(1)
    await log.close()
  })
})

it('goes on when a listener of its events throws, which comes up as unhandled', async () => {
  const { log } = await openLog()
  const unhandled = nextUnhandledRejection()
  log.once('append', () => {
    throw broken
  })
  expect((await log.append('a', one)).firstSequence).toBe(3)
  expect((await log.append('a', one)).firstSequence).toBe(4)
  expect(await unhandled).toBe(broken)
  await log.close()
})

/** Takes the next one away from the test runner, which would report it. */
async function nextUnhandledRejection(): Promise<unknown> {
  const listeners = process.rawListeners(
    'unhandledRejection',
  ) as NodeJS.UnhandledRejectionListener[]
  process.removeAllListeners('unhandledRejection')
  try {
    return await new Promise((resolve) => {
      process.once('unhandledRejection', resolve)
    })
  } finally {
    for (const listener of listeners) process.on('unhandledRejection', listener)
  }
}
