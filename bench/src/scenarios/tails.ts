import { setMaxListeners } from 'node:events'
import { million } from '../data-sets'
import { EventChecker } from '../event-checker'
import { mustEqual, rateOf } from '../measure'
import { batchSize, payloadBatches } from '../payloads'
import type { Run, Sample, Scenario } from '../scenario'
import { scanOneByOne } from './scan'

const tails = 100
const warmUpBatches = 5

/** Readers of one topic that wait for what comes; the appends wait until all have seen it. */
export const tailsScenario: Scenario = {
  name: 'tails',
  title: '100 live tails of one topic, batches of 1,000 100-byte events',
  unit: 'deliveries/s',
  data: million,
  contestants: [
    { name: 'Goethe, live tails', run: measure },
    scanOneByOne('Goethe, scan one by one'),
  ],
  goals: [
    { ours: 'Goethe, live tails', theirs: 'Goethe, scan one by one', atLeast: 0.5 },
    { ours: 'Goethe, live tails', metric: 'store reads per block', atMost: 1 },
  ],
}

async function measure({ directory, scale }: Run): Promise<Sample> {
  const { openLog } = await import('../stores/goethe')
  const { topic } = await import('../stores/raw-level')
  const { log, close } = await openLog(directory, 'os')
  const batches = payloadBatches(100)
  const blocks = scale.events(40_000) / batchSize
  const checkers = Array.from({ length: tails }, () => new EventChecker())
  const stop = new AbortController()
  setMaxListeners(tails, stop.signal)
  const arrivals = new Arrivals()

  const readers = checkers.map(async (checker) => {
    try {
      for await (const event of log.read(topic, { follow: true, signal: stop.signal })) {
        checker.see(event)
        arrivals.add()
      }
    } catch (error) {
      if (!stop.signal.aborted) arrivals.fail(error)
    }
  })
  async function deliver(first: number, count: number) {
    for (let index = first; index < first + count; index++) {
      const arrived = arrivals.expect(tails * batchSize)
      await log.append(topic, batches[index % batches.length]!)
      await arrived
    }
  }

  await deliver(0, warmUpBatches)
  const before = log.status().storeReads
  const rate = await rateOf(blocks * batchSize * tails, () => deliver(warmUpBatches, blocks))
  const reads = log.status().storeReads - before
  stop.abort()
  await Promise.all(readers)
  for (const checker of checkers) checker.mustHaveSeen((warmUpBatches + blocks) * batchSize)
  await close()
  return { rate, metrics: { 'store reads per block': reads / blocks } }
}

/** Counts deliveries, and resolves what waits for them. */
class Arrivals {
  #missing = 0
  #resolve: (() => void) | undefined
  #reject: ((reason: unknown) => void) | undefined

  expect(count: number): Promise<void> {
    mustEqual('Deliveries outstanding', this.#missing, 0)
    this.#missing = count
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  add(): void {
    if (--this.#missing === 0) this.#resolve?.()
  }

  fail(reason: unknown): void {
    this.#reject?.(reason)
  }
}
