// What is written to a member that follows, done by the one that leads.
import { GoetheError, type LogEvent, systemClock } from '@goethe/core'
import { create, eventLogMethods, messages } from '@goethe/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClusteredStores } from '../../tests-support/clustered-stores.js'
import type { ServedLog } from '../served-log.js'
import { Forwarder } from './forwarder.js'

const text = (value: string): Uint8Array => Buffer.from(value)
const textsOf = (events: readonly LogEvent[]): string[] => events.map((event) => event.text())
const failure = (code: string, details: object = {}) =>
  expect.objectContaining({ code, details: expect.objectContaining(details) as object }) as Error

describe('a write that reaches a follower', () => {
  let cluster: ClusteredStores
  let log: ServedLog
  let leading: ServedLog

  beforeAll(async () => {
    cluster = await ClusteredStores.start()
    log = cluster.stores.get(cluster.followers[0]!)!.forwardingLog!
    leading = cluster.stores.get(cluster.leader)!.log
  })

  afterAll(() => cluster[Symbol.asyncDispose]())

  test('is done by the leader, and can be read where it was asked for', async () => {
    const receipts = []
    for (let index = 0; index < 20; index++) {
      receipts.push(await log.append('plays', text(`act ${index}`)))
      // At once: nothing else makes this member catch up meanwhile.
      const events = await log.read('plays', { from: index + 1 }).toArray()
      expect(textsOf(events)).toEqual([`act ${index}`])
    }
    const events = await leading.read('plays').toArray()
    expect(receipts.map(({ firstId }) => firstId)).toEqual(events.map(({ id }) => id))
    expect(receipts[3]).toMatchObject({
      topic: 'plays',
      lastId: receipts[3]!.firstId,
      lastSequence: 4,
      count: 1,
      durability: 'fsync',
    })
  })

  test('is refused as the leader refuses it, and what was in its way can be read', async () => {
    const { lastId } = await leading.append('account', text('opened'))
    const conflict = log.append('account', text('opened'), { expect: 'empty' })
    await expect(conflict).rejects.toThrow(
      failure('GOETHE_CONFLICT', { topic: 'account', lastId, lastSequence: 1 }),
    )
    expect(textsOf(await log.read('account').toArray())).toEqual(['opened'])
    await log.append('account', text('paid in'), { expect: lastId })
    await log.append('account', text('paid out'), { expect: 2 })
    expect(textsOf(await leading.read('account').toArray())).toHaveLength(3)
    await expect(log.append('no\0name', text('this'))).rejects.toThrow(TypeError)
    await expect(log.trim('nowhere', { before: 1 })).rejects.toThrow(
      failure('GOETHE_TOPIC_NOT_FOUND', { topic: 'nowhere' }),
    )
  })

  test('is done once for a producer that repeats it, wherever it does', async () => {
    const producer = { id: 'till', sequence: 1 }
    const first = await log.append('repeated', text('once'), { producer })
    const second = await leading.append('repeated', text('once'), { producer })
    const third = await log.append('repeated', text('once'), { producer })
    expect([second, third].map(({ firstId, repeated }) => [firstId, repeated])).toEqual([
      [first.firstId, true],
      [first.firstId, true],
    ])
  })

  test('may be to several topics, all or nothing', async () => {
    const time = new Date('2026-01-01')
    const [from, to] = await log.appendAll([
      { topic: 'from', payloads: text('-5'), expect: 'empty', producer: { id: 'a', sequence: 7 } },
      { topic: 'to', payloads: [text('+2'), text('+3')], time, producer: { id: 'a', sequence: 9 } },
    ])
    expect([from, to]).toMatchObject([
      { topic: 'from', count: 1 },
      { topic: 'to', count: 2 },
    ])
    expect(textsOf(await log.read('to').toArray())).toEqual(['+2', '+3'])
    const again = log.appendAll([
      { topic: 'to', payloads: text('+1') },
      { topic: 'from', payloads: text('-1'), expect: 0 },
    ])
    await expect(again).rejects.toThrow(failure('GOETHE_CONFLICT', { topic: 'from' }))
    expect(await leading.read('to').toArray()).toHaveLength(2)
  })

  test('moves cursors, behind which is read where it was asked for', async () => {
    await log.append('letters', ['one', 'two', 'three', 'four'].map(text))
    const cursor = log.cursor('letters', 'reader')
    expect(await cursor.begin()).toEqual({ id: 0n, sequence: 0 })
    const events = await log.read('letters').toArray()
    await cursor.commit(events[1]!)
    expect(await cursor.position()).toMatchObject({ id: events[1]!.id, sequence: 2 })
    expect(await cursor.lag()).toBe(2)
    expect(textsOf(await log.cursor('letters', 'reader').read().toArray())).toEqual([
      'three',
      'four',
    ])
    await expect(cursor.commit(events[2]!)).rejects.toThrow(failure('GOETHE_FENCED'))
    const other = leading.cursor('letters', 'reader')
    await other.begin()
    const owned = log.cursor('letters', 'reader', { session: other.session })
    await owned.commit(events[2]!)
    expect(owned.session).toBe(other.session)
    await expect(owned.commit(events[0]!)).rejects.toThrow(failure('GOETHE_ALREADY_COMMITTED'))
    await owned.seek(2)
    expect(await owned.position()).toMatchObject({ sequence: 1 })
    const [first] = await log.cursor('letters', 'reader').read({ limit: 1 }).toArray()
    expect(first!.text()).toBe('two')
    await owned.delete()
    expect(await leading.cursor('letters', 'reader').position()).toBeUndefined()
  })

  test('changes what is kept of a topic', async () => {
    await log.append('kept', ['one', 'two', 'three'].map(text))
    await log.setRetention('kept', { count: 100, ageMs: 86_400_000 })
    expect(await log.describe('kept')).toMatchObject({
      retention: { count: 100, ageMs: 86_400_000 },
    })
    expect(await log.trim('kept', { before: 3 })).toMatchObject({ count: 2, throughSequence: 2 })
    expect(textsOf(await log.read('kept').toArray())).toEqual(['three'])
    await log.setRetention('kept', null)
    expect(await leading.describe('kept')).toMatchObject({ retention: null })
    await log.deleteTopic('kept')
    expect(await log.topics({ prefix: 'kept' })).toEqual([])
  })

  test('that is aborted is not done, or not waited for', async () => {
    const gone = log.append('aborted', text('this'), { signal: AbortSignal.abort() })
    await expect(gone).rejects.toThrow(failure('GOETHE_ABORTED'))
    expect(await leading.topics({ prefix: 'aborted' })).toEqual([])
  })

  test('is counted by what came of it', async () => {
    const { forwarded } = cluster.stores.get(cluster.followers[0]!)!
    const before = new Map(forwarded)
    await log.append('counted', text('one'))
    const conflict = log.append('counted', text('two'), { expect: 'empty' })
    await expect(conflict).rejects.toThrow(failure('GOETHE_CONFLICT'))
    const grown = [...forwarded].filter(([code, count]) => count !== before.get(code))
    expect(Object.fromEntries(grown)).toEqual({
      OK: (before.get('OK') ?? 0) + 1,
      GOETHE_CONFLICT: (before.get('GOETHE_CONFLICT') ?? 0) + 1,
    })
  })

  test('goes one hop: who is asked and does not lead says who does', async () => {
    const [asking, asked] = cluster.followers
    const member = cluster.members.get(asking!)!
    const refusal = new GoetheError('GOETHE_NOT_LEADER', 'for what is too large')
    const target = { member, leader: asked!, refusal }
    const forwarder = new Forwarder({
      target: () => target,
      clock: systemClock(),
      retryDelayMs: 100,
    })
    const request = create(messages.DeleteTopicRequestSchema, { topic: 'plays' })
    await expect(forwarder.carry(target, eventLogMethods.deleteTopic, request)).rejects.toThrow(
      failure('GOETHE_NOT_LEADER', {
        leader: `${cluster.leader}.test:1337`,
        leaderUrl: `http://${cluster.leader}.test:1338`,
      }),
    )
    expect(await leading.topics({ prefix: 'plays' })).toEqual(['plays'])
  })

  test('is refused by the log that passes nothing on', async () => {
    const { log: own } = cluster.stores.get(cluster.followers[0]!)!
    await expect(own.append('plays', text('this'))).rejects.toThrow(
      failure('GOETHE_NOT_LEADER', { leader: `${cluster.leader}.test:1337` }),
    )
  })

  test('such as a stream of appends or deliveries is refused, and the leader named', async () => {
    const refused = failure('GOETHE_NOT_LEADER', { leader: `${cluster.leader}.test:1337` })
    await expect(log.importFrom((async function* () {})())).rejects.toThrow(refused)
    const deliveries = log.consumer('plays', 'worker')[Symbol.asyncIterator]()
    await expect(deliveries.next()).rejects.toThrow(refused)
  })

  test('is done here once this member leads', async () => {
    const before = cluster.leader
    await cluster.stores.get(before)!.handOver(5000)
    await cluster.settled()
    for (const name of cluster.stores.keys()) {
      const { forwardingLog } = cluster.stores.get(name)!
      await forwardingLog!.append('anywhere', text(`by way of ${name}`))
    }
    const { forwardingLog } = cluster.stores.get(before)!
    expect(await forwardingLog!.read('anywhere').toArray()).toHaveLength(3)
    await cluster.close(cluster.leader)
    await cluster.settled()
    for (const { forwardingLog: any } of cluster.stores.values()) {
      await any!.append('anywhere', text('and on'))
      expect(await any!.read('anywhere').toArray()).not.toHaveLength(0)
    }
  })
})

describe('a linearizable read that reaches a follower', () => {
  const linearizable = { consistency: 'linearizable' } as const

  test('has what was acknowledged at the leader, whichever of its logs is asked', async () => {
    await using cluster = await ClusteredStores.start()
    const { log: leading } = cluster.stores.get(cluster.leader)!
    for (const name of cluster.followers) {
      const { log: own, forwardingLog } = cluster.stores.get(name)!
      for (const [index, log] of [own, forwardingLog!].entries()) {
        const topic = `${name}-${index}`
        for (let count = 1; count <= 10; count++) {
          const { lastId } = await leading.append(topic, text(`act ${count}`))
          expect(await log.read(topic, linearizable).toArray()).toHaveLength(count)
          expect((await log.describe(topic, linearizable)).last.id).toBe(lastId)
        }
        const last = await leading.seek(topic, 7)
        await leading.cursor(topic, 'reader').commit(last!)
        expect(await log.cursor(topic, 'reader').lag(linearizable)).toBe(3)
        await leading.cursor(topic, 'reader').delete()
        expect(await log.cursor(topic, 'reader').position(linearizable)).toBeUndefined()
        await leading.append(topic, text('the end'))
        const end = await log.seek(topic, 'end', { ...linearizable, nearest: 'previous' })
        expect(end?.text()).toBe('the end')
      }
    }
  })

  test('is refused, and the leader named, where nothing is passed on', async () => {
    await using cluster = await ClusteredStores.start({ forward: false })
    const { log } = cluster.stores.get(cluster.followers[0]!)!
    await cluster.stores.get(cluster.leader)!.log.append('plays', text('one'))
    const refused = failure('GOETHE_NOT_LEADER', {
      leader: `${cluster.leader}.test:1337`,
      leaderUrl: `http://${cluster.leader}.test:1338`,
    })
    await expect(log.confirm()).rejects.toThrow(refused)
    await expect(log.read('plays', linearizable).toArray()).rejects.toThrow(refused)
    await expect(log.cursor('plays', 'reader').lag(linearizable)).rejects.toThrow(refused)
  })
})

describe('the leader of others', () => {
  test('takes no more from them than it has room for', async () => {
    await using cluster = await ClusteredStores.start({ bytesMax: 1000 })
    const log = cluster.stores.get(cluster.followers[0]!)!.forwardingLog!
    await log.append('plays', new Uint8Array(500))
    await expect(log.append('plays', new Uint8Array(1001))).rejects.toThrow(
      failure('GOETHE_LIMIT', { retryDelayMs: 1000 }),
    )
  })

  test('is not asked where that is switched off', async () => {
    await using cluster = await ClusteredStores.start({ forward: false })
    expect(cluster.stores.get(cluster.followers[0]!)!.forwardingLog).toBeUndefined()
  })
})
