import { digest, expectedSum } from '../../src/event-checker'
import { mustEqual } from '../../src/measure'
import type { Run, Sample, Scenario } from '../../src/scenario'
import { contestant, nameOf, withClient } from '../contestant'
import { embedded } from '../contestants/embedded'
import { goethe } from '../contestants/goethe'
import { ioredis } from '../contestants/ioredis'
import { nats } from '../contestants/nats'
import { nodeRedis } from '../contestants/node-redis'
import { type EventClient, pageSize } from '../event-server'
import { fill } from '../fill'

const measure = withClient(consume)
const info = { once: true }

/** Work that is handed out: each event is acknowledged by itself. */
export const consumerScenario: Scenario = {
  name: 'consumer',
  title: `consume and acknowledge events one by one, ${pageSize} in flight, 100-byte events`,
  unit: 'events/s',
  contestants: [
    contestant(goethe, 'os', measure),
    contestant(nats, 'os', measure),
    contestant(goethe, 'fsync', measure),
    contestant(ioredis, 'os', measure, info),
    contestant(nodeRedis, 'os', measure, info),
    contestant(ioredis, 'fsync', measure, info),
    contestant(nodeRedis, 'fsync', measure, info),
    contestant(embedded, 'os', measure, info),
  ],
  goals: [
    { ours: nameOf(goethe, 'os'), theirs: nameOf(nats, 'os'), atLeast: 2 },
    // NATS writes acknowledgements to the disk when it likes, in either setting.
    { ours: nameOf(goethe, 'fsync'), theirs: nameOf(nats, 'os'), atLeast: 2 },
  ],
}

async function consume(client: EventClient, { scale }: Run): Promise<Sample> {
  const events = scale.events(150_000)
  const warmUpEvents = events / 5
  await fill(client, events)
  let seen = 0
  let sum = 0
  let start = 0
  await client.consume(events, (payload) => {
    sum += digest(payload)
    if (++seen === warmUpEvents) start = performance.now()
  })
  const rate = ((events - warmUpEvents) / (performance.now() - start)) * 1000
  mustEqual('Events consumed', seen, events)
  mustEqual('Sum over the payloads', sum, expectedSum(events))
  return { rate }
}
