import type { EventLog } from '@goethe/core'
import { goetheDirectory, million, millionEvents, rawDirectory } from '../data-sets'
import { digest, EventChecker, expectedSum } from '../event-checker'
import { mustEqual, rateOf } from '../measure'
import type { Contestant, Run, Sample, Scenario } from '../scenario'
import type { RawLevel } from '../stores/raw-level'

const warmUpEvents = 200_000

/** All events of a topic from first to last; the log verifies checksums, raw classic-level none. */
export const scanScenario: Scenario = {
  name: 'scan',
  title: 'full scan, 100-byte events',
  unit: 'events/s',
  data: million,
  contestants: [
    scanOneByOne('Goethe, one by one'),
    { name: 'Goethe, in arrays', run: (run) => measureLog(run, readArrays) },
    { name: 'classic-level nextv', run: measureRaw },
  ],
  goals: [
    { ours: 'Goethe, one by one', theirs: 'classic-level nextv', atLeast: 2 },
    { ours: 'Goethe, in arrays', theirs: 'classic-level nextv', atLeast: 5 },
  ],
}

/** `for await` over the million events. */
export function scanOneByOne(name: string): Contestant {
  return { name, run: (run) => measureLog(run, readOneByOne) }
}

type ReadLog = (log: EventLog, topic: string, limit: number) => Promise<EventChecker>

async function readOneByOne(log: EventLog, topic: string, limit: number): Promise<EventChecker> {
  const checker = new EventChecker()
  for await (const event of log.read(topic, { limit })) checker.see(event)
  return checker
}

async function readArrays(log: EventLog, topic: string, limit: number): Promise<EventChecker> {
  const checker = new EventChecker()
  for await (const events of log.read(topic, { limit }).batches()) {
    for (const event of events) checker.see(event)
  }
  return checker
}

async function measureLog({ data, scale }: Run, read: ReadLog): Promise<Sample> {
  const { openLog } = await import('../stores/goethe')
  const { topic } = await import('../stores/raw-level')
  const { log, close } = await openLog(goetheDirectory(data), 'os')
  const events = millionEvents(scale)
  await read(log, topic, warmUpEvents)
  let checker = new EventChecker()
  const rate = await rateOf(events, async () => {
    checker = await read(log, topic, events)
  })
  checker.mustHaveSeen(events)
  await close()
  return { rate }
}

async function measureRaw({ data, scale }: Run): Promise<Sample> {
  const { openRawLevel } = await import('../stores/raw-level')
  const db = await openRawLevel(rawDirectory(data))
  const events = millionEvents(scale)
  await readRaw(db, warmUpEvents)
  let seen = { count: 0, sum: 0 }
  const rate = await rateOf(events, async () => {
    seen = await readRaw(db, events)
  })
  mustEqual('Events read', seen.count, events)
  mustEqual('Sum over the payloads', seen.sum, expectedSum(events))
  await db.close()
  return { rate }
}

/** Less than the log gives: ids stay bytes, which is cheaper, and there are no sequences. */
async function readRaw(db: RawLevel, limit: number): Promise<{ count: number; sum: number }> {
  const { topicRange } = await import('../stores/raw-level')
  const iterator = db.iterator({ ...topicRange, limit, highWaterMarkBytes: 1024 * 1024 })
  let count = 0
  let sum = 0
  for (;;) {
    const entries = await iterator.nextv(1000)
    if (entries.length === 0) break
    for (const [key, payload] of entries) {
      if (key.length > 0) count++
      sum += digest(payload)
    }
  }
  await iterator.close()
  return { count, sum }
}
