import { readFileSync } from 'node:fs'
import { goetheDirectory, tenMillion, tenMillionEvents } from '../data-sets'
import { EventChecker } from '../event-checker'
import { rateOf } from '../measure'
import type { Run, Sample, Scenario } from '../scenario'
import { median } from '../statistics'

const sampleEvery = 50_000
const megabyte = 1024 * 1024

/**
 * Memory in the course of a scan one by one, without a warm-up: what it needs counts. LevelDB maps
 * its tables into memory; that they have been read shows in the resident set until the kernel needs
 * the memory, but it is no memory that the scan holds. So there are numbers with it and without.
 */
export const memoryScenario: Scenario = {
  name: 'memory',
  title: 'memory while scanning 10 million 100-byte events one by one',
  unit: 'events/s',
  data: tenMillion,
  contestants: [{ name: 'Goethe', once: true, run: measure }],
  goals: [
    { ours: 'Goethe', metric: 'MB above start', atMost: 150 },
    // Flat: what the second half needs more than the first.
    { ours: 'Goethe', metric: 'MB growth', atMost: 15 },
  ],
}

async function measure({ data, scale }: Run): Promise<Sample> {
  const { openLog } = await import('../stores/goethe')
  const { topic } = await import('../stores/raw-level')
  const { log, close } = await openLog(goetheDirectory(data), 'os')
  const events = tenMillionEvents(scale)
  globalThis.gc?.()
  const start = memory()
  const samples: Memory[] = []
  const checker = new EventChecker()
  const rate = await rateOf(events, async () => {
    for await (const event of log.read(topic)) {
      checker.see(event)
      if (checker.count % sampleEvery === 0) samples.push(memory())
    }
  })
  checker.mustHaveSeen(events)
  await close()

  const total = samples.map((sample) => sample.totalBytes - start.totalBytes)
  const own = samples.map((sample) => sample.ownBytes - start.ownBytes)
  const half = own.length >> 1
  return {
    rate,
    metrics: {
      'MB above start': Math.max(...own) / megabyte,
      'MB above start with mapped files': Math.max(...total) / megabyte,
      'MB growth': (median(own.slice(half)) - median(own.slice(0, half))) / megabyte,
    },
  }
}

interface Memory {
  /** The resident set. */
  totalBytes: number
  /** Without the pages of mapped files. */
  ownBytes: number
}

function memory(): Memory {
  const totalBytes = process.memoryUsage.rss()
  if (process.platform !== 'linux') return { totalBytes, ownBytes: totalBytes }
  const status = readFileSync('/proc/self/status', 'utf8')
  const ownKilobytes = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1])
  return { totalBytes, ownBytes: ownKilobytes * 1024 }
}
