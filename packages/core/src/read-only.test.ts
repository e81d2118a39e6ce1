import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { assertCode } from '../tests-support/log-machine.js'
import { GoetheError, isGoetheError } from './errors.js'
import { EventLog } from './event-log.js'

const one = [new Uint8Array([1])]

async function written(): Promise<MemoryLevel<Uint8Array, Uint8Array>> {
  const level = new MemoryLevel<Uint8Array, Uint8Array>()
  const log = await EventLog.open(level)
  await log.append('a', one)
  const [event] = await log.read('a').toArray()
  await log.cursor('a', 'reader').commit(event!)
  await log.close()
  await level.open()
  return level
}

const views = { keyEncoding: 'view', valueEncoding: 'view' } as const

interface WrittenOperation {
  readonly encodedKey: Uint8Array
  readonly encodedValue: Uint8Array
}

/** A store with the same content; what is written there is to be applied to this one, as a replica does. */
async function leaderOf(
  level: MemoryLevel<Uint8Array, Uint8Array>,
): Promise<MemoryLevel<Uint8Array, Uint8Array>> {
  const leader = new MemoryLevel<Uint8Array, Uint8Array>(views)
  await leader.open()
  for await (const [key, value] of level.iterator(views)) await leader.put(key, value)
  return leader
}

function applied({ encodedKey: key, encodedValue: value }: WrittenOperation) {
  return { type: 'put', key, value, ...views } as const
}

describe('a log that was opened to be read only', () => {
  it('reads, and writes nothing', async () => {
    const level = await written()
    await using log = await EventLog.open(level, { readOnly: true })
    let writes = 0
    level.on('write', () => writes++)
    const [event] = await log.read('a').toArray()
    expect(event!.sequence).toBe(1)
    expect(await log.topics()).toEqual(['a'])
    expect((await log.cursor('a', 'reader').position())?.sequence).toBe(1)
    expect(log.status().writable).toBe(false)
    const works = [
      log.append('a', one),
      log.appendAll([{ topic: 'a', payloads: one }]),
      log.cursor('a', 'other').commit(event!),
      log.cursor('a', 'reader').seek(0),
      log.consumer('a', 'worker')[Symbol.asyncIterator]().next(),
      log.trim('a', { before: 2 }),
      log.setRetention('a', { count: 1 }),
      log.enforceRetention(),
      log.deleteTopic('a'),
      log.importFrom((async function* () {})()),
    ]
    for (const work of works) await assertCode(work, 'GOETHE_READ_ONLY')
    expect(writes).toBe(0)
  })

  it('sees what somebody else writes into the store', async () => {
    const level = await written()
    await using reading = await EventLog.open(level, { readOnly: true })
    const tail = reading.read('a', { from: 'end', follow: true })[Symbol.asyncIterator]()
    const next = tail.next()
    const leader = await leaderOf(level)
    await using writing = await EventLog.open(leader)
    leader.on('write', (operations) => void level.batch(operations.map(applied)))
    await writing.append('a', one)
    expect((await next).value).toMatchObject({ topic: 'a', sequence: 2 })
    await tail.return?.()
  })

  it('sees what somebody else writes into the store while it is opened', async () => {
    const level = await written()
    const leader = await leaderOf(level)
    await using writing = await EventLog.open(leader)
    const late: WrittenOperation[] = []
    leader.on('write', (operations) => void late.push(...operations))
    await writing.append('a', one)
    // Right behind the moment for which the store has said where the log ends.
    const iterate = level.iterator.bind(level)
    const iterator = (options: object) => {
      const found = iterate(options)
      const next = found.next.bind(found)
      found.next = async () => {
        const entry = await next()
        if ('reverse' in options && options.reverse) await level.batch(late.splice(0).map(applied))
        return entry
      }
      return found
    }
    Object.assign(level, { iterator })
    await using reading = await EventLog.open(level, { readOnly: true })
    expect(late).toEqual([])
    const sequences = (await reading.read('*').toArray()).map(({ sequence }) => sequence)
    expect(sequences).toEqual([1, 2])
    expect(reading.status().lastId).toBe(writing.status().lastId)
  })

  it('refuses writes as it is told to', async () => {
    const level = await written()
    const elsewhere = () =>
      new GoetheError('GOETHE_NOT_LEADER', 'Elsewhere', { details: { leader: 'there:1337' } })
    await using log = await EventLog.open(level, { readOnly: elsewhere })
    const event = await log.seek('a', 1)
    for (const work of [
      log.append('a', one),
      log.cursor('a', 'other').commit(event!),
      log.consumer('a', 'worker')[Symbol.asyncIterator]().next(),
    ]) {
      const error: unknown = await work.catch((reason: unknown) => reason)
      expect(isGoetheError(error, 'GOETHE_NOT_LEADER') && error.details.leader).toBe('there:1337')
    }
  })

  it('is not made where there is none', async () => {
    const level = new MemoryLevel()
    await assertCode(EventLog.open(level, { readOnly: true }), 'GOETHE_INVALID_STORE')
    await using log = await EventLog.open(level)
    expect(log.status().writable).toBe(true)
  })
})
