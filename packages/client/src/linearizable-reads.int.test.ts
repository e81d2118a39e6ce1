import { type ConsistencyOptions, type EventLogApi, EventLog, GoetheError } from '@goethe/core'
import { describe, expect, it } from 'vitest'
import { CopyLevel } from '../../core/tests-support/copy-level.js'
import { TestServer } from '../tests-support/test-server.js'
import { type Client, connect } from './index.js'

const linearizable = { consistency: 'linearizable' } as const

/** A follower that lacks the second event and names the leader, and the leader, which has it. */
class Pair implements AsyncDisposable {
  readonly client: Client

  private constructor(
    readonly leader: TestServer,
    readonly follower: TestServer,
    readonly level: CopyLevel,
  ) {
    this.client = connect(follower.address)
  }

  static async start(): Promise<Pair> {
    const level = new CopyLevel()
    const leader = await TestServer.start(await EventLog.open(level))
    const behind = new CopyLevel()
    const details = { leader: leader.address.replace('goethe://', '') }
    behind.answer = () =>
      Promise.reject(new GoetheError('GOETHE_NOT_LEADER', 'Ask the leader', { details }))
    const follower = await TestServer.start(await EventLog.open(behind))
    for (const { log } of [leader, follower]) {
      await log.append('t', Buffer.from('old'))
      for (const consumer of ['reader', 'mover']) {
        await log.cursor('t', consumer).commit((await log.seek('t', 1))!)
      }
    }
    await leader.log.append('t', Buffer.from('new'))
    await leader.log.cursor('t', 'mover').commit((await leader.log.seek('t', 2))!)
    return new Pair(leader, follower, level)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    for (const server of [this.leader, this.follower]) {
      await server.stop(0)
      await server.log.close()
    }
  }
}

/** Each gives 1 where only the first event is known, and 2 where the second one is as well. */
const reads: Record<string, (log: EventLogApi, options: ConsistencyOptions) => Promise<unknown>> = {
  'a read of a topic': async (log, options) => (await log.read('t', options).toArray()).length,
  'a read of all': async (log, options) => (await log.read('*', options).toArray()).length,
  'a read that follows': async (log, options) => {
    let last: unknown
    for await (const { sequence } of log.read('t', { ...options, from: 'start', follow: true })) {
      last = sequence
      if (options.consistency === undefined || sequence === 2) break
    }
    return last
  },
  seek: async (log, options) =>
    (await log.seek('t', 'end', { ...options, nearest: 'previous' }))?.sequence,
  describe: async (log, options) => (await log.describe('t', options)).count,
  'the lag of a cursor': async (log, options) => 1 + (await log.cursor('t', 'reader').lag(options)),
  'the position of a cursor': async (log, options) =>
    (await log.cursor('t', 'mover').position(options))?.sequence,
}

describe.each(Object.entries(reads))('%s', (_, read) => {
  it('is answered by the server that is asked, and by the leader if it is to be linearizable', async () => {
    await using pair = await Pair.start()
    expect(await read(pair.client, {})).toBe(1)
    expect(pair.level.questions).toBe(0)
    expect(await read(pair.client, linearizable)).toBe(2)
    expect(pair.level.questions).toBe(1)
  })

  it('rejects where nobody can tell until the deadline', async () => {
    await using pair = await Pair.start()
    pair.level.answer = () => Promise.reject(new GoetheError('GOETHE_UNAVAILABLE', 'Who knows?'))
    const client = connect(pair.leader.address, { deadlineMs: 300 })
    await expect(read(client, linearizable)).rejects.toMatchObject({
      code: expect.stringMatching(/UNAVAILABLE|DEADLINE/) as string,
    })
    await client.close()
  })
})

it('a linearizable read that follows from the end knows what is the end only then', async () => {
  await using pair = await Pair.start()
  const { level, leader } = pair
  const client = connect(leader.address)
  level.answer = () => leader.log.append('t', Buffer.from('meanwhile'))
  const events = client
    .read('t', { ...linearizable, from: 'end', follow: true })
    [Symbol.asyncIterator]()
  const next = events.next()
  // It is held back until it is known where the end was.
  await client.append('t', Buffer.from('behind'))
  expect((await next).value?.text()).toBe('behind')
  await events.return?.()
  await client.close()
})
