import { payloadBatches } from '../../src/payloads'
import type { Goal, Run, Sample, Scenario } from '../../src/scenario'
import type { Durability } from '../../src/durability'
import { contestant, nameOf } from '../contestant'
import { goethe } from '../contestants/goethe'
import { ioredis } from '../contestants/ioredis'
import { nats } from '../contestants/nats'
import { nodeRedis } from '../contestants/node-redis'
import type { EventServer } from '../event-server'
import { Latencies, p50, p99 } from '../latencies'
import { SteadyLoad } from '../steady-load'

const eventsPerSecond = 20_000

/**
 * How long it takes from the call of `append` to the event in the hands of a reader, each by a
 * connection of its own, while events are appended at a steady rate, whatever became of those
 * before. Both are in one process and so go by one clock.
 */
export const tailScenario: Scenario = {
  name: 'tail',
  title: `from append to delivery, ${eventsPerSecond.toLocaleString('en-US')} events/s, 100-byte events`,
  unit: 'events/s',
  charted: [p50, p99],
  contestants: [
    ...(['fsync', 'os'] as const).flatMap((durability) =>
      [goethe, ioredis, nodeRedis].map((kind) => contestant(kind, durability, measure)),
    ),
    // Its fsync setting does not take so many.
    contestant(nats, 'os', measure, { once: true }),
  ],
  goals: [...goals('fsync'), ...goals('os')],
}

function goals(durability: Durability): Goal[] {
  return [p50, p99].map((metric) => ({
    ours: nameOf(goethe, durability),
    theirs: [nameOf(ioredis, durability), nameOf(nodeRedis, durability)],
    metric,
    atMost: 1.5,
  }))
}

async function measure(server: EventServer, { scale }: Run): Promise<Sample> {
  const producer = await server.connect()
  const consumer = await server.connect()
  const latencies = new Latencies()
  const load = new SteadyLoad({
    append: (payload) => producer.append(payload),
    payloads: payloadBatches(100).flat(),
    perSecond: eventsPerSecond,
    warmUpMs: scale.durationMs(1500),
    durationMs: scale.durationMs(4000),
    onDelivery: (sentAt) => latencies.add(sentAt),
  })
  const end = consumer.follow((payload) => load.delivered(payload))
  const rate = await Promise.race([load.run(), end])
  end.catch(() => {})
  await consumer.close()
  await producer.close()
  return { rate, metrics: latencies.metrics() }
}
