/** Many things at a time, in an order that a seed decides; what must hold is checked in the end. */
import type { EventLogApi } from '../src/api.js'
import { assert, assertEqual } from './assert.js'
import type { Suite } from './suite.js'
import { assertSound, eventsOf, noise, payload, range } from './support.js'

export function chaosTests({ group, test }: Suite): void {
  group('everything at a time', () => {
    for (const seed of [1, 2, 3]) {
      test(`appends, trims, deletes, reads and verify leave a sound log (seed ${seed})`, async (s) => {
        const { log } = s
        const random = randomOf(seed)
        const topics = range(1, 12).map((number) => `t${number}`)
        const pick = (): string => topics[Math.floor(random() * topics.length)]!
        const workers = range(1, 12).map(async () => {
          for (let turn = 0; turn < 20; turn++) await act(log, pick, random)
        })
        const follower = followAll(log)
        await Promise.all(workers)
        await log.append('end', payload('end'))
        await follower
        await assertSound(log)
      })
    }

    test('a topic under trim, cursors and appends loses nothing that it keeps', async ({ log }) => {
      const total = 2000
      const appending = (async () => {
        for (let sent = 0; sent < total; sent += 10) {
          await log.append(
            'orders',
            range(sent + 1, sent + 10).map((at) => payload(`${at}`)),
          )
        }
      })()
      const cursor = log.cursor('orders', 'mailer', { hold: true })
      await cursor.seek('start')
      const reading = (async () => {
        let expected = 1
        for await (const event of cursor.read({ follow: true, limit: total })) {
          assertEqual([event.sequence, event.text()], [expected, `${expected}`])
          if (expected % 50 === 0) await cursor.commit(event)
          expected++
        }
      })()
      const trimming = (async () => {
        for (let round = 0; round < 40; round++) {
          await log.trim('orders', { before: 10 ** 9 }).catch((error: { code?: string }) => {
            if (error.code !== 'GOETHE_TOPIC_NOT_FOUND') throw error
          })
        }
      })()
      await Promise.all([appending, reading, trimming])
      await log.trim('orders', { before: 10 ** 9 })
      assertEqual(await eventsOf(log, 'orders'), [])
      await assertSound(log)
    })

    test('consumers that fail, leave and come handle each event at least once', async ({ log }) => {
      const total = 300
      const random = randomOf(7)
      const handled = new Map<number, number>()
      const work = async (): Promise<void> => {
        while (handled.size < total) {
          for await (const { event, ack, nack } of log.consumer('orders', 'mailer', {
            maxInFlight: 8,
          })) {
            const chance = random()
            if (chance < 0.1) await nack()
            else if (chance < 0.15) break
            else {
              handled.set(event.sequence, (handled.get(event.sequence) ?? 0) + 1)
              await ack()
            }
            if (handled.size === total) return
          }
        }
      }
      const workers = range(1, 4).map(() => work())
      for (const number of range(1, total / 3)) {
        await log.append(
          'orders',
          range(1, 3).map(() => payload(`${number}`)),
        )
      }
      await Promise.race(workers)
      await log.append('orders', payload('wakes the others'))
      assertEqual([...handled.keys()].sort((a, b) => a - b).slice(0, total), range(1, total))
      await assertSound(log)
    })
  })
}

async function act(log: EventLogApi, pick: () => string, random: () => number): Promise<void> {
  const topic = pick()
  const chance = random()
  try {
    if (chance < 0.55) {
      const count = 1 + Math.floor(random() * 20)
      await log.append(
        topic,
        range(1, count).map((at) => noise(Math.floor(random() * 300), at)),
      )
    } else if (chance < 0.65) {
      const names = [...new Set([topic, pick(), pick()])]
      await log.appendAll(names.map((name) => ({ topic: name, payloads: payload(name) })))
    } else if (chance < 0.75) {
      await log.trim(topic, { before: Math.floor(random() * 200) })
    } else if (chance < 0.78) await log.deleteTopic(topic)
    else if (chance < 0.81) await log.setRetention(topic, { count: 50 })
    else if (chance < 0.85) await log.cursor(topic, 'mailer').seek(Math.floor(random() * 100))
    else if (chance < 0.92) await checkTopic(log, topic)
    else if (chance < 0.97) await checkAll(log)
    else await log.histogram('*')
  } catch (error) {
    if ((error as { code?: string }).code !== 'GOETHE_TOPIC_NOT_FOUND') throw error
  }
}

async function checkTopic(log: EventLogApi, topic: string): Promise<void> {
  let lastId = 0n
  for await (const { id } of log.read(topic)) {
    assert(id > lastId, `event ${id} of '${topic}' comes behind ${lastId}`)
    lastId = id
  }
}

async function checkAll(log: EventLogApi): Promise<void> {
  let lastId = 0n
  for await (const { id } of log.read('*')) {
    assert(id > lastId, `event ${id} comes behind ${lastId}`)
    lastId = id
  }
}

async function followAll(log: EventLogApi): Promise<void> {
  let lastId = 0n
  for await (const { id, topic } of log.read('*', { follow: true })) {
    assert(id > lastId, `event ${id} comes behind ${lastId}`)
    lastId = id
    if (topic === 'end') return
  }
}

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
