import { digest, expectedSum } from '../../src/event-checker'
import { mustEqual } from '../../src/measure'
import type { Run, Sample, Scenario } from '../../src/scenario'
import { contestant, nameOf, withClient } from '../contestant'
import { embedded } from '../contestants/embedded'
import { goethe, goetheInArrays } from '../contestants/goethe'
import { ioredis } from '../contestants/ioredis'
import { nats, natsFetch } from '../contestants/nats'
import { nodeRedis } from '../contestants/node-redis'
import type { EventClient } from '../event-server'
import { fill } from '../fill'
import { timedCalls } from '../timed-calls'

const measure = withClient(readAgainAndAgain)
const oneByOne = nameOf(goethe, 'os')

/** A reader that has all before it. How safe appends are makes no difference to it. */
export const catchUpScenario: Scenario = {
  name: 'catch-up',
  title: 'read a topic from its first event on, 100-byte events',
  unit: 'events/s',
  contestants: [
    ...[goethe, goetheInArrays, ioredis, nodeRedis, nats, natsFetch].map((kind) =>
      contestant(kind, 'os', measure),
    ),
    contestant(embedded, 'os', measure, { once: true }),
  ],
  goals: [
    { ours: oneByOne, theirs: [nameOf(ioredis, 'os'), nameOf(nodeRedis, 'os')], atLeast: 1.5 },
    { ours: oneByOne, theirs: [nameOf(nats, 'os'), nameOf(natsFetch, 'os')], atLeast: 4 },
  ],
}

async function readAgainAndAgain(client: EventClient, { scale }: Run): Promise<Sample> {
  const events = scale.events(200_000)
  await fill(client, events)
  const sum = expectedSum(events)
  const read = async () => {
    let seen = 0
    let seenSum = 0
    await client.read(events, (payload) => {
      seen++
      seenSum += digest(payload)
    })
    mustEqual('Events read', seen, events)
    mustEqual('Sum over the payloads', seenSum, sum)
  }
  await timedCalls(read, 1, scale.durationMs(1000))
  const { perSecond } = await timedCalls(read, 1, scale.durationMs(3000))
  return { rate: perSecond * events }
}
