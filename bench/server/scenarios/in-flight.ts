import { mustEqual } from '../../src/measure'
import { payloadBatches } from '../../src/payloads'
import type { Run, Sample, Scenario } from '../../src/scenario'
import { contestant, nameOf, withClient } from '../contestant'
import { goethe } from '../contestants/goethe'
import { ioredis } from '../contestants/ioredis'
import { nats } from '../contestants/nats'
import { nodeRedis } from '../contestants/node-redis'
import type { EventClient } from '../event-server'
import { timedCalls } from '../timed-calls'

const inFlight = 1000

/** So many appends of one event each, in flight all the time. */
export const singleAppends = withClient(appendSingly)

/** Programs append events as they come; a client may send many of them in one message. */
export const inFlightScenario: Scenario = {
  name: 'in-flight',
  title: '1,000 single appends in flight, 100-byte events',
  unit: 'events/s',
  contestants: [
    ...[goethe, ioredis, nodeRedis, nats].map((kind) => contestant(kind, 'fsync', singleAppends)),
    ...[goethe, ioredis, nodeRedis, nats].map((kind) =>
      contestant(kind, 'os', singleAppends, { once: true }),
    ),
  ],
  goals: [
    {
      ours: nameOf(goethe, 'fsync'),
      theirs: [nameOf(ioredis, 'fsync'), nameOf(nodeRedis, 'fsync')],
      atLeast: 3,
    },
    { ours: nameOf(goethe, 'fsync'), theirs: nameOf(nats, 'fsync'), atLeast: 12 },
  ],
}

async function appendSingly(client: EventClient, { scale }: Run): Promise<Sample> {
  const payloads = payloadBatches(100).flat()
  const append = (index: number) => client.append(payloads[index % payloads.length]!)
  const warmUp = await timedCalls(append, inFlight, scale.durationMs(1500))
  const { calls, perSecond } = await timedCalls(append, inFlight, scale.durationMs(3000))
  mustEqual('Events on the server', await client.count(), warmUp.calls + calls)
  return { rate: perSecond }
}
