import { mustEqual } from '../../src/measure'
import { batchSize, payloadBatches } from '../../src/payloads'
import type { Scenario } from '../../src/scenario'
import { contestant, nameOf, withClient, type Measure } from '../contestant'
import { embedded } from '../contestants/embedded'
import { goethe } from '../contestants/goethe'
import { ioredis } from '../contestants/ioredis'
import { nats } from '../contestants/nats'
import { nodeRedis } from '../contestants/node-redis'
import { timedCalls } from '../timed-calls'

const oneAfterTheOther = appendBatches(1)
const several = 4

/** What the network costs: the same appends with a server in between and without. */
export const batchesScenario: Scenario = {
  name: 'batches',
  title: 'append in batches of 1,000, one after the other, 100-byte events',
  unit: 'events/s',
  contestants: [
    contestant(goethe, 'fsync', oneAfterTheOther),
    contestant(embedded, 'fsync', oneAfterTheOther),
    ...[ioredis, nodeRedis, nats].map((kind) =>
      contestant(kind, 'fsync', oneAfterTheOther, { once: true }),
    ),
    ...[goethe, embedded, ioredis, nodeRedis, nats].map((kind) =>
      contestant(kind, 'os', oneAfterTheOther, { once: true }),
    ),
  ],
  goals: [{ ours: nameOf(goethe, 'fsync'), theirs: nameOf(embedded, 'fsync'), atLeast: 0.6 }],
}

/** The same with several batches under way, so that client, server and disk work at a time. */
export const batchesInFlightScenario: Scenario = {
  name: 'batches-in-flight',
  title: `append in batches of 1,000, ${several} in flight, 100-byte events`,
  unit: 'events/s',
  contestants: [goethe, embedded].map((kind) => contestant(kind, 'fsync', appendBatches(several))),
  goals: [],
}

/** Appends of 1,000 events each, so many in flight all the time. */
export function appendBatches(inFlight: number): Measure {
  return withClient(async (client, { scale }) => {
    const batches = payloadBatches(100)
    const append = (index: number) => client.appendBatch(batches[index % batches.length]!)
    const warmUp = await timedCalls(append, inFlight, scale.durationMs(1500))
    const { calls, perSecond } = await timedCalls(append, inFlight, scale.durationMs(3000))
    mustEqual('Events on the server', await client.count(), (warmUp.calls + calls) * batchSize)
    return { rate: perSecond * batchSize }
  })
}
