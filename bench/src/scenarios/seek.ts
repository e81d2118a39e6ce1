import { goetheDirectory, rawDirectory, tenMillion } from '../data-sets'
import { rateOf } from '../measure'
import { pseudoRandom } from '../payloads'
import type { Run, Sample, Scenario } from '../scenario'

const warmUpSeeks = 2_000

/** The first event at or after a random time, one seek after the other. */
export const seekScenario: Scenario = {
  name: 'seek',
  title: 'seek to a random time in 10 million 100-byte events',
  unit: 'seeks/s',
  data: tenMillion,
  contestants: [
    { name: 'Goethe', run: measureLog },
    { name: 'classic-level', run: measureRaw },
  ],
  goals: [{ ours: 'Goethe', theirs: 'classic-level', atLeast: 0.8 }],
}

/** Finds the id of the first event at or after another one. */
type Seek = (target: bigint) => Promise<bigint>

async function measureLog(run: Run): Promise<Sample> {
  const { openLog } = await import('../stores/goethe')
  const { topic } = await import('../stores/raw-level')
  const { log, close } = await openLog(goetheDirectory(run.data), 'os')
  const { first, last } = await log.describe(topic)
  const sample = await measure(run, first!.id, last.id, async (target) => {
    const event = await log.seek(topic, target)
    return event!.id
  })
  await close()
  return sample
}

async function measureRaw(run: Run): Promise<Sample> {
  const { idOffset, newKey, openRawLevel, topicRange } = await import('../stores/raw-level')
  const db = await openRawLevel(rawDirectory(run.data))
  const edge = async (reverse: boolean) => {
    const [key] = await db.keys({ ...topicRange, reverse, limit: 1 }).all()
    return key!.readBigUInt64BE(idOffset)
  }
  const sample = await measure(run, await edge(false), await edge(true), async (target) => {
    const gte = newKey(0)
    gte.writeBigUInt64BE(target, idOffset)
    const iterator = db.iterator({ gte, limit: 1 })
    const entry = await iterator.next()
    await iterator.close()
    return entry![0].readBigUInt64BE(idOffset)
  })
  await db.close()
  return sample
}

async function measure(run: Run, first: bigint, last: bigint, seek: Seek): Promise<Sample> {
  const seeks = run.scale.events(30_000)
  const targets = randomIds(first, last, seeks)
  for (const target of targets.slice(0, warmUpSeeks)) await seek(target)
  let sum = 0n
  const rate = await rateOf(seeks, async () => {
    for (const target of targets) sum += (await seek(target)) - target
  })
  return { rate, agreement: String(sum) }
}

function randomIds(first: bigint, last: bigint, count: number): bigint[] {
  const random = pseudoRandom()
  const span = Number(last - first)
  return Array.from({ length: count }, () => first + BigInt(Math.floor(random() * span)))
}
