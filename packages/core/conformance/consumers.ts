import type { EventLogApi } from '../src/api.js'
import type { ConsumerApi, ConsumerOptions, Delivery } from '../src/consumer-api.js'
import { assert, assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import {
  abortController,
  appendTexts,
  assertSound,
  eventsOf,
  iterate,
  nextOf,
  numbered,
  payload,
  range,
  takeFrom,
  texts,
} from './support.js'

const topic = 'orders'
const dead = { maxAttempts: 2, deadLetter: 'dead' }

export function consumerTests({ group, test }: Suite): void {
  group('consumer', () => {
    test('delivers events in order, what is there and what comes', async ({ log }) => {
      await log.append(topic, numbered('o', 2))
      const worker = start(log)
      assertEqual(await seenBy(worker, 2), [1, 2])
      const next = nextOf(worker.deliveries)
      await log.append(topic, payload('o3'))
      const delivery = await next
      assertEqual([delivery.event.text(), delivery.attempt], ['o3', 1])
    })

    test('instances share the events: each goes to one of them', async ({ log }) => {
      await log.append(topic, numbered('o', 100))
      const seen: number[] = []
      let acknowledged = 0
      const consumers = range(1, 4).map(() => log.consumer(topic, 'mailer', { maxInFlight: 1 }))
      const workers = consumers.map(async (consumer) => {
        for await (const delivery of consumer) {
          seen.push(delivery.event.sequence)
          await delivery.ack()
          if (++acknowledged < 100) continue
          for (const other of consumers) await other.close()
        }
      })
      await Promise.all(workers)
      assertEqual(
        seen.sort((a, b) => a - b),
        range(1, 100),
      )
      assertEqual(await log.cursor(topic, 'mailer').lag(), 0)
    })

    test('instances of different names each get all events', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      assertEqual(await seenBy(start(log, {}, 'mailer'), 3), [1, 2, 3])
      assertEqual(await seenBy(start(log, {}, 'biller'), 3), [1, 2, 3])
    })

    test('an ack is stored when it resolves', { needs: ['reopen'] }, async (subject) => {
      await subject.log.append(topic, numbered('o', 3))
      const { deliveries } = start(subject.log)
      for (const delivery of await takeFrom(deliveries, 2)) await delivery.ack()
      await subject.reopen()
      assertEqual(await seenBy(start(subject.log), 1), [3])
    })

    test('the committed position stops before what is not acknowledged', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      const { deliveries } = start(log)
      const [one, two, three, , five] = await takeFrom(deliveries, 5)
      const cursor = log.cursor(topic, 'mailer')
      await three!.ack()
      await five!.ack()
      assertEqual([await cursor.position().then((p) => p?.sequence), await cursor.lag()], [0, 3])
      const [description] = await log.cursors()
      assertEqual([description!.acknowledgedAhead, description!.lag], [2, 3])
      await one!.ack()
      assertEqual((await cursor.position())?.sequence, 1)
      await two!.ack()
      assertEqual((await cursor.position())?.sequence, 3)
      assertEqual(await cursor.lag(), 1)
      await assertSound(log)
    })

    test(
      'what was acknowledged out of order is not delivered again',
      { needs: ['reopen'] },
      async (s) => {
        await s.log.append(topic, numbered('o', 6))
        const deliveries = await takeFrom(start(s.log).deliveries, 6)
        for (const index of [5, 1, 3]) await deliveries[index]!.ack()
        await s.reopen()
        assertEqual(await seenBy(start(s.log), 3), [1, 3, 5])
        await assertSound(s.log)
      },
    )

    test(
      'what was acknowledged ahead is not delivered when the position has passed it',
      { needs: ['reopen'] },
      async (s) => {
        await s.log.append(topic, numbered('o', 6))
        const deliveries = await takeFrom(start(s.log).deliveries, 6)
        for (const ahead of deliveries.slice(1)) await ahead.ack()
        await s.reopen()
        const { deliveries: again } = start(s.log)
        await (await nextOf(again)).ack()
        await appendTexts(s.log, topic, 'o7')
        const next = await nextOf(again)
        assertEqual(next.event.sequence, 7)
        await next.ack()
        await assertSound(s.log)
      },
    )

    test('acks in flight are all stored', async ({ log }) => {
      await log.append(topic, numbered('o', 200))
      const deliveries = await takeFrom(start(log).deliveries, 200)
      await Promise.all(deliveries.reverse().map((delivery) => delivery.ack()))
      assertEqual(await log.cursor(topic, 'mailer').lag(), 0)
    })

    test('an ack may be repeated', async ({ log }) => {
      await log.append(topic, numbered('o', 1))
      const delivery = await nextOf(start(log).deliveries)
      await Promise.all([delivery.ack(), delivery.ack()])
      await delivery.ack()
    })

    test('maxInFlight bounds what an instance holds', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      const { deliveries } = start(log, { maxInFlight: 2 })
      const [first] = await takeFrom(deliveries, 2)
      const third = nextOf(deliveries)
      let arrived = false
      void third.then(() => (arrived = true))
      await log.append('other', payload('x'))
      await eventsOf(log, topic)
      assertEqual(arrived, false, 'that a third delivery came')
      await first!.ack()
      assertEqual((await third).event.sequence, 3)
    })

    test('from says where a consumer begins that has no position', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      assertEqual(await seenBy(start(log, { from: 4 }), 2), [4, 5])
      const { deliveries } = start(log, { from: 'end' }, 'late')
      const next = nextOf(deliveries)
      await hasBegun(log, 'late')
      await log.append(topic, payload('o6'))
      assertEqual((await next).event.sequence, 6)
    })

    test('from matters no more once a position is stored', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      const first = start(log, { from: 2 })
      await (await nextOf(first.deliveries)).ack()
      await first.consumer.close()
      assertEqual(await seenBy(start(log, { from: 'end' }), 3), [3, 4, 5])
    })

    test("what comes behind 'end' is delivered although the first start saw nothing", async (s) => {
      const { log } = s
      const first = start(log, { from: 'end' })
      const next = first.deliveries.next()
      await hasBegun(log, 'mailer')
      await first.consumer.close()
      await next
      await log.append(topic, payload('o1'))
      assertEqual(await seenBy(start(log, { from: 'end' }), 1), [1])
    })
  })

  group('consumer: redelivery', () => {
    test('a nack delivers again, with the next attempt', async ({ log }) => {
      await log.append(topic, numbered('o', 2))
      const { deliveries } = start(log)
      await (await nextOf(deliveries)).nack()
      const again = await nextOf(deliveries)
      assertEqual([again.event.sequence, again.attempt], [1, 2])
      assertEqual((await nextOf(deliveries)).event.sequence, 2)
    })

    test(
      'a nack with a delay lets others go first',
      { needs: ['clock'] },
      async ({ log, clock }) => {
        await log.append(topic, numbered('o', 3))
        const { deliveries } = start(log)
        await (await nextOf(deliveries)).nack({ delayMs: 5000 })
        assertEqual(await sequencesOf(deliveries, 2), [2, 3])
        const next = nextOf(deliveries)
        clock.advance(4998)
        await log.append(topic, payload('o4'))
        assertEqual((await next).event.sequence, 4)
        const late = nextOf(deliveries)
        clock.advance(10)
        const again = await late
        assertEqual([again.event.sequence, again.attempt], [1, 2])
      },
    )

    test('what is not acknowledged in time is delivered again', { needs: ['clock'] }, async (s) => {
      const { log, clock } = s
      await log.append(topic, numbered('o', 1))
      const { deliveries } = start(log, { ackTimeoutMs: 1000 })
      const first = await nextOf(deliveries)
      const next = nextOf(deliveries)
      clock.advance(1001)
      const second = await next
      assertEqual([second.event.sequence, second.attempt], [1, 2])
      await assertRejects('GOETHE_DELIVERY_EXPIRED', first.ack())
      await assertRejects('GOETHE_DELIVERY_EXPIRED', first.nack())
      await second.ack()
      assertEqual(await log.cursor(topic, 'mailer').lag(), 0)
    })

    test(
      'extend starts the time-out anew',
      { needs: ['clock', 'embedded'] },
      async ({ log, clock }) => {
        await log.append(topic, numbered('o', 1))
        const { deliveries } = start(log, { ackTimeoutMs: 1000 })
        const first = await nextOf(deliveries)
        for (let turn = 0; turn < 5; turn++) {
          clock.advance(900)
          first.extend()
        }
        await first.ack()
        assertEqual(await log.cursor(topic, 'mailer').lag(), 0)
      },
    )

    test('an instance that hangs stops nobody', { needs: ['clock'] }, async ({ log, clock }) => {
      await log.append(topic, numbered('o', 6))
      const hanging = start(log, { maxInFlight: 1, ackTimeoutMs: 1000 })
      const held = await nextOf(hanging.deliveries)
      assertEqual(held.event.sequence, 1)
      const { deliveries } = start(log)
      for (const delivery of await takeFrom(deliveries, 5)) await delivery.ack()
      const next = nextOf(deliveries)
      clock.advance(1001)
      const again = await next
      assertEqual([again.event.sequence, again.attempt], [1, 2])
      await again.ack()
      assertEqual(await log.cursor(topic, 'mailer').lag(), 0)
    })

    test('an instance that stops asking stops nobody', async ({ log }) => {
      await log.append(topic, numbered('o', 4))
      const slow = start(log, { maxInFlight: 1 })
      await nextOf(slow.deliveries)
      // It asks for one more, which it may not hold.
      void slow.deliveries.next().catch(() => undefined)
      const { deliveries } = start(log)
      assertEqual(await sequencesOf(deliveries, 3), [2, 3, 4])
    })

    test('breaking the loop gives back what is held', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      for await (const delivery of log.consumer(topic, 'mailer')) {
        assertEqual(delivery.event.sequence, 1)
        break
      }
      const again = await nextOf(start(log).deliveries)
      assertEqual(again.event.sequence, 1)
    })

    test('closing gives what is held to other instances', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const first = start(log)
      const held = await takeFrom(first.deliveries, 3)
      const second = start(log)
      const next = nextOf(second.deliveries)
      await first.consumer.close()
      assertEqual((await next).event.sequence, 1)
      assertEqual(await sequencesOf(second.deliveries, 2), [2, 3])
      await assertRejects('GOETHE_DELIVERY_EXPIRED', held[0]!.ack())
    })

    test('a closed consumer ends its loop', async ({ log }) => {
      const { consumer, deliveries } = start(log)
      const next = deliveries.next()
      await log.append('other', payload('x'))
      await consumer.close()
      await consumer.close()
      assertEqual((await next).done, true)
      assertEqual((await deliveries.next()).done, true)
    })

    test('its signal ends it with GOETHE_ABORTED and gives back', async ({ log }) => {
      await log.append(topic, numbered('o', 1))
      const controller = abortController()
      const { deliveries } = start(log, { signal: controller.signal })
      await nextOf(deliveries)
      const next = assertRejects('GOETHE_ABORTED', deliveries.next())
      controller.abort()
      await next
      assertEqual(await seenBy(start(log), 1), [1])
    })

    test('closing the log ends it with GOETHE_CLOSED', async ({ log }) => {
      const { deliveries } = start(log)
      const next = assertRejects('GOETHE_CLOSED', deliveries.next())
      await log.append('other', payload('x'))
      await log.close()
      await next
    })

    test(
      'what was held when the log closed is delivered again',
      { needs: ['reopen'] },
      async (s) => {
        await s.log.append(topic, numbered('o', 4))
        const [one, two] = await takeFrom(start(s.log).deliveries, 3)
        await one!.ack()
        await two!.nack()
        await s.reopen()
        const again = await takeFrom(start(s.log).deliveries, 3)
        assertEqual(
          again.map(({ event }) => event.sequence),
          [2, 3, 4],
        )
        assert(again[0]!.attempt >= 2, 'the attempts of a nacked event are forgotten')
      },
    )
  })

  group('consumer: dead letters', () => {
    test('an event whose attempts are used up goes to the dead letters', async ({ log }) => {
      await log.append(topic, [payload('bad'), payload('good')])
      const { deliveries } = start(log, dead)
      await (await nextOf(deliveries)).nack()
      const second = await nextOf(deliveries)
      assertEqual([second.event.text(), second.attempt], ['bad', 2])
      await second.nack()
      const good = await nextOf(deliveries)
      assertEqual(good.event.text(), 'good')
      await good.ack()
      assertEqual(texts(await eventsOf(log, 'dead')), ['bad'])
      assertEqual(await log.cursor(topic, 'mailer').lag(), 0)
      await assertSound(log)
    })

    test('time-outs use up attempts too', { needs: ['clock'] }, async ({ log, clock }) => {
      await log.append(topic, [payload('bad'), payload('good')])
      const { deliveries } = start(log, { ...dead, ackTimeoutMs: 1000, maxInFlight: 1 })
      await nextOf(deliveries)
      for (const expected of ['bad', 'good']) {
        const next = nextOf(deliveries)
        clock.advance(1001)
        assertEqual((await next).event.text(), expected)
      }
      const buried = log.read('dead', { follow: true, limit: 1 })
      assertEqual(texts(await buried.toArray()), ['bad'])
    })

    test('attempts are counted across reopening', { needs: ['reopen'] }, async (subject) => {
      await subject.log.append(topic, payload('bad'))
      await (await nextOf(start(subject.log, dead).deliveries)).nack()
      await subject.reopen()
      const second = await nextOf(start(subject.log, dead).deliveries)
      assertEqual(second.attempt, 2)
      await second.nack()
      assertEqual(texts(await eventsOf(subject.log, 'dead')), ['bad'])
      await subject.reopen()
      assertEqual(await subject.log.cursor(topic, 'mailer').lag(), 0)
      assertEqual(texts(await eventsOf(subject.log, 'dead')), ['bad'])
    })

    test('the last attempt may end with the log', { needs: ['reopen'] }, async (subject) => {
      await subject.log.append(topic, [payload('bad'), payload('good')])
      const { deliveries } = start(subject.log, { ...dead, maxInFlight: 1 })
      await (await nextOf(deliveries)).nack()
      assertEqual((await nextOf(deliveries)).attempt, 2)
      await subject.reopen()
      const good = await nextOf(start(subject.log, dead).deliveries)
      assertEqual([good.event.text(), good.attempt], ['good', 1])
      await good.ack()
      assertEqual(texts(await eventsOf(subject.log, 'dead')), ['bad'])
      assertEqual(await subject.log.cursor(topic, 'mailer').lag(), 0)
      await assertSound(subject.log)
    })

    test("the log emits 'deadLetter'", { needs: ['embedded'] }, async ({ log, embedded }) => {
      await log.append(topic, payload('bad'))
      const emitted: unknown[] = []
      embedded.on('deadLetter', ({ event, consumer, deadLetter, attempts }) => {
        emitted.push([event.text(), consumer, deadLetter, attempts])
      })
      const { deliveries } = start(log, dead)
      await (await nextOf(deliveries)).nack()
      await (await nextOf(deliveries)).nack()
      assertEqual(emitted, [['bad', 'mailer', 'dead', 2]])
    })
  })

  group('consumer: cursor, trim and delete', () => {
    test('a cursor that reads takes the position over and ends the consumer', async ({ log }) => {
      await log.append(topic, numbered('o', 2))
      const { deliveries } = start(log)
      const held = await nextOf(deliveries)
      await log.cursor(topic, 'mailer').read().toArray()
      await assertRejects('GOETHE_FENCED', held.ack())
      await assertRejects('GOETHE_FENCED', async () => {
        for (;;) await nextOf(deliveries)
      })
      assertEqual(await seenBy(start(log), 2), [1, 2])
    })

    test('seek while consuming goes on from there', async ({ log }) => {
      await log.append(topic, numbered('o', 6))
      const { deliveries } = start(log)
      const held = await takeFrom(deliveries, 4)
      await held[0]!.ack()
      await log.cursor(topic, 'mailer').seek(2)
      await assertRejects('GOETHE_DELIVERY_EXPIRED', held[1]!.ack())
      assertEqual(await sequencesOf(deliveries, 5), [2, 3, 4, 5, 6])
      const next = nextOf(deliveries)
      await log.cursor(topic, 'mailer').seek(5)
      assertEqual((await next).event.sequence, 5)
      const last = nextOf(deliveries)
      await last
      await log.cursor(topic, 'mailer').seek('end')
      const fresh = nextOf(deliveries)
      await log.append(topic, payload('o7'))
      assertEqual((await fresh).event.sequence, 7)
    })

    test('a trim that overtakes it leaves no lag', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      const { deliveries } = start(log, { maxInFlight: 1 })
      const first = await nextOf(deliveries)
      await log.trim(topic, { before: 5 })
      await log.append(topic, payload('o6'))
      // What was read before the trim may still be delivered.
      for (let delivery = first; ; delivery = await nextOf(deliveries)) {
        await delivery.ack()
        if (delivery.event.sequence === 6) break
      }
      assertEqual(await log.cursor(topic, 'mailer').lag(), 0)
      await assertSound(log)
    })

    test('what is trimmed while it waits for its retry is skipped', async ({ log }) => {
      await log.append(topic, numbered('o', 2))
      const { deliveries } = start(log)
      const first = await nextOf(deliveries)
      await log.trim(topic, { before: 2 })
      await first.nack()
      const second = await nextOf(deliveries)
      assertEqual(second.event.sequence, 2)
      await second.ack()
      assertEqual(await log.cursor(topic, 'mailer').lag(), 0)
    })

    test('deleting the topic ends it with GOETHE_FENCED', async ({ log }) => {
      await log.append(topic, numbered('o', 1))
      const { deliveries } = start(log)
      await (await nextOf(deliveries)).ack()
      const next = assertRejects('GOETHE_FENCED', deliveries.next())
      await log.deleteTopic(topic)
      await next
      await appendTexts(log, topic, 'new')
      assertEqual(await seenBy(start(log), 1), [1])
    })

    test('a commit up to what was acknowledged ahead leaves a sound cursor', async ({ log }) => {
      await log.append(topic, numbered('o', 6))
      const { deliveries } = start(log)
      const held = await takeFrom(deliveries, 6)
      await held[3]!.ack()
      await held[4]!.ack()
      await log.cursor(topic, 'mailer').commit(held[2]!.event)
      await assertSound(log)
      assertEqual(await log.cursor(topic, 'mailer').lag(), 1)
      assertEqual(await seenBy(start(log), 1), [6])
    })
  })
}

function start(
  log: EventLogApi,
  options: ConsumerOptions = {},
  name = 'mailer',
): { consumer: ConsumerApi; deliveries: AsyncIterator<Delivery, undefined> } {
  const consumer = log.consumer(topic, name, options)
  return { consumer, deliveries: iterate(consumer) }
}

/** Resolves once the consumer has found its place. */
async function hasBegun(log: EventLogApi, name: string): Promise<void> {
  for (;;) if ((await log.cursors()).some(({ consumer }) => consumer === name)) return
}

async function sequencesOf(deliveries: AsyncIterator<Delivery>, count: number): Promise<number[]> {
  return (await takeFrom(deliveries, count)).map(({ event }) => event.sequence)
}

function seenBy(worker: ReturnType<typeof start>, count: number): Promise<number[]> {
  return sequencesOf(worker.deliveries, count)
}
