import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { compact } from '../data-sets'
import { mustEqual } from '../measure'
import { payloadBatches } from '../payloads'
import type { Contestant, DataSet, Run, Sample, Scenario } from '../scenario'
import { median } from '../statistics'

const topics = 100_000
const opens = 20

/** Two logs with 100,000 events each: all in one topic, and each in a topic of its own. */
const data: DataSet = {
  name: 'topics',
  async build(directory) {
    await build(join(directory, 'one'), () => 'topic')
    await build(join(directory, 'many'), (index) => `topic-${index}`)
  },
}

/** How long a log takes to open on a store that is open. */
export const openScenario: Scenario = {
  name: 'open',
  title: 'open a log with 100,000 events',
  unit: 'opens/s',
  data,
  contestants: [openLogs('1 topic', 'one', 1), openLogs('100,000 topics', 'many', topics)],
  // As quick, that is; the rest is noise.
  goals: [{ ours: '100,000 topics', theirs: '1 topic', atLeast: 0.8 }],
}

function openLogs(name: string, folder: string, expectedTopics: number): Contestant {
  return { name, run: (run) => measure(run, folder, expectedTopics) }
}

async function measure({ data, verify }: Run, folder: string, expected: number): Promise<Sample> {
  const { openLog } = await import('../stores/goethe')
  const times: number[] = []
  for (let index = 0; index < opens; index++) {
    const { openTimeMs, close } = await openLog(join(data, folder), 'os')
    times.push(openTimeMs)
    await close()
  }
  if (verify) mustEqual('Topics', await countTopics(join(data, folder)), expected)
  return { rate: 1000 / median(times) }
}

async function countTopics(directory: string): Promise<number> {
  const { openLog } = await import('../stores/goethe')
  const { log, close } = await openLog(directory, 'os')
  let count = 0
  let after: string | undefined
  do {
    const page = await log.topics({ after, limit: 10_000 })
    count += page.length
    after = page.at(-1)
  } while (after !== undefined)
  await close()
  return count
}

async function build(directory: string, topicOf: (index: number) => string) {
  const { openLog } = await import('../stores/goethe')
  await mkdir(directory)
  const { db, log, close } = await openLog(directory, 'os')
  let index = 0
  while (index < topics) {
    const appends = payloadBatches(100)[0]!.map((payload) => log.append(topicOf(index++), payload))
    await Promise.all(appends)
  }
  // Opening reads the last commit: let it be the same one in both.
  await log.append(topicOf(0), payloadBatches(100)[0]![0]!)
  await compact(db)
  await close()
}
