import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { CopyLevel } from '../tests-support/copy-level.js'
import { assertCode } from '../tests-support/log-machine.js'
import { type ConsistencyOptions, EventLog, GoetheError } from './index.js'

const one = new Uint8Array([1])
const linearizable = { consistency: 'linearizable' } as const

/** All reads of which can be asked how new they are; each gives the last sequence that it sees. */
const reads: Record<string, (log: EventLog, options: ConsistencyOptions) => Promise<unknown>> = {
  'read of a topic': async (log, options) =>
    (await log.read('a', options).toArray()).at(-1)!.sequence,
  'read of all': async (log, options) => (await log.read('*', options).toArray()).at(-1)!.sequence,
  'read in reverse': async (log, options) =>
    (await log.read('a', { ...options, reverse: true }).toArray())[0]!.sequence,
  seek: async (log, options) =>
    (await log.seek('a', 'end', { ...options, nearest: 'previous' }))!.sequence,
  describe: async (log, options) => (await log.describe('a', options)).last.sequence,
  'lag of a cursor': async (log, options) => 1 + (await log.cursor('a', 'reader').lag(options)),
  'position of a cursor': async (log, options) =>
    (await log.cursor('a', 'mover').position(options))?.sequence,
}

async function openCopy(): Promise<{ level: CopyLevel; log: EventLog }> {
  const level = new CopyLevel()
  const log = await EventLog.open(level)
  await log.append('a', one)
  for (const consumer of ['reader', 'mover']) {
    await log.cursor('a', consumer).commit((await log.seek('a', 1))!)
  }
  return { level, log }
}

describe.each(Object.entries(reads))('consistency, %s', (_, read) => {
  it('asks nobody unless it is to be linearizable', async () => {
    const { level, log } = await openCopy()
    expect(await read(log, {})).toBe(1)
    expect(await read(log, { consistency: 'local' })).toBe(1)
    expect(level.questions).toBe(0)
    await log.close()
  })

  it('begins once the store has all that there is', async () => {
    const { level, log } = await openCopy()
    level.answer = async () => {
      await log.append('a', one)
      await log.cursor('a', 'mover').commit((await log.seek('a', 2))!)
    }
    expect(await read(log, linearizable)).toBe(2)
    expect(level.questions).toBe(1)
    await log.close()
  })

  it('rejects as the store does, which others do not see', async () => {
    const { level, log } = await openCopy()
    level.answer = () => Promise.reject(new GoetheError('GOETHE_NOT_LEADER', 'Ask another one'))
    await assertCode(read(log, linearizable), 'GOETHE_NOT_LEADER')
    expect(await read(log, {})).toBe(1)
    await log.close()
  })

  it('is the same where there is one store alone', async () => {
    await using log = await EventLog.open(new MemoryLevel())
    await log.append('a', one)
    await log.cursor('a', 'reader').commit((await log.seek('a', 1))!)
    await log.cursor('a', 'mover').commit((await log.seek('a', 1))!)
    expect(await read(log, linearizable)).toBe(1)
  })

  it('is one of two words', async () => {
    const { log } = await openCopy()
    const wrong = async () => read(log, { consistency: 'strong' as never })
    await expect(wrong()).rejects.toThrow(
      "'consistency' is 'local' or 'linearizable'; got \"strong\"",
    )
    await log.close()
  })
})

it('a reader asks anew each time that it is iterated, and then follows without asking', async () => {
  const { level, log } = await openCopy()
  const reader = log.read('a', { ...linearizable, follow: true })
  for (const questions of [1, 2]) {
    const events = reader[Symbol.asyncIterator]()
    expect((await events.next()).value?.sequence).toBe(1)
    expect(level.questions).toBe(questions)
    if (questions === 2) {
      await log.append('a', one)
      expect((await events.next()).value?.sequence).toBe(2)
      expect(level.questions).toBe(questions)
    }
    await events.return?.()
  }
  await log.close()
  await assertCode(log.confirm(), 'GOETHE_CLOSED')
})
