import { mustEqual } from '../../src/measure'
import { payloadBatches } from '../../src/payloads'
import type { Run, Sample, Scenario } from '../../src/scenario'
import { contestant, nameOf, withClient } from '../contestant'
import { disk } from '../contestants/disk'
import { embedded } from '../contestants/embedded'
import { goethe } from '../contestants/goethe'
import { ioredis } from '../contestants/ioredis'
import { nats } from '../contestants/nats'
import { nodeRedis } from '../contestants/node-redis'
import type { EventClient } from '../event-server'
import { Latencies, p50, p99 } from '../latencies'
import { timedCalls } from '../timed-calls'

const measure = withClient(appendOneAtATime)
const info = { once: true }

/** How long an append takes when nothing else is under way. */
export const oneAtATimeScenario: Scenario = {
  name: 'one-at-a-time',
  title: 'one append at a time, 100-byte events',
  unit: 'events/s',
  charted: [p50, p99],
  contestants: [
    contestant(goethe, 'fsync', measure),
    contestant(nats, 'os', measure),
    contestant(disk, 'fsync', measure),
    contestant(goethe, 'os', measure, info),
    contestant(embedded, 'fsync', measure, info),
    contestant(ioredis, 'fsync', measure, info),
    contestant(nodeRedis, 'fsync', measure, info),
    contestant(nats, 'fsync', measure, info),
  ],
  goals: [
    {
      ours: nameOf(goethe, 'fsync'),
      theirs: nameOf(nats, 'os'),
      plus: nameOf(disk, 'fsync'),
      metric: p50,
      atMost: 1,
    },
  ],
}

async function appendOneAtATime(client: EventClient, { scale }: Run): Promise<Sample> {
  const payloads = payloadBatches(100).flat()
  const append = (index: number) => client.append(payloads[index % payloads.length]!)
  const warmUp = await timedCalls(append, 1, scale.durationMs(1500))
  const latencies = new Latencies()
  const { calls, perSecond } = await timedCalls(
    async (index) => {
      const start = performance.now()
      await append(index)
      latencies.add(start)
    },
    1,
    scale.durationMs(3000),
  )
  mustEqual('Events on the server', await client.count(), warmUp.calls + calls)
  return { rate: perSecond, metrics: latencies.metrics() }
}
