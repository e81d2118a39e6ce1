/** Measures a log with events that it makes up: one at a time, in bulk, and reading them again. */
import type { Durability, EventLogApi } from '@goethe/core'
import { Latencies } from './latencies.js'

export interface BenchOptions {
  topic: string
  events: number
  sizeBytes: number
  /** Events of one append in bulk. */
  batch: number
  /** Appends under way in bulk. */
  inFlight: number
  signal: AbortSignal
  onPhase: (phase: string) => void
  onProgress: (done: number) => void
}

export interface BenchResult {
  phase: 'lone appends' | 'appends under way together' | 'bulk appends' | 'read'
  events: number
  ms: number
  eventsPerSecond: number
  bytesPerSecond: number
  /** Of one append, until it is acknowledged. */
  p50Ms?: number
  p99Ms?: number
}

/** Single appends take long where each waits for the disk: so many say enough. */
const loneEventsMax = 1000
const concurrentEventsMax = 20_000

export async function* runBench(
  log: EventLogApi,
  options: BenchOptions,
): AsyncGenerator<BenchResult & { durability: Durability }> {
  const { topic, events, sizeBytes, batch, inFlight } = options
  // Random bytes, since a store could compress others to nothing.
  const payload = crypto.getRandomValues(new Uint8Array(Math.min(sizeBytes, 65_536)))
  const payloads = Array.from({ length: batch }, () => sized(payload, sizeBytes))
  const [one] = payloads
  const warmUp = await log.append(topic, one!)
  const { durability } = warmUp
  const appends = [
    { phase: 'lone appends', count: Math.min(events, loneEventsMax), size: 1, together: 1 },
    {
      phase: 'appends under way together',
      count: Math.min(events, concurrentEventsMax),
      size: 1,
      together: Math.max(inFlight * 16, 256),
    },
    { phase: 'bulk appends', count: events, size: batch, together: inFlight },
  ] as const
  let appended = 1
  for (const { phase, count, size, together } of appends) {
    options.onPhase(phase)
    const latencies = new Latencies()
    const start = performance.now()
    await eachTogether(
      together,
      Math.ceil(count / size),
      async (index) => {
        const list = payloads.slice(0, Math.min(size, count - index * size))
        const begun = performance.now()
        await log.append(topic, list)
        latencies.add(performance.now() - begun)
        options.onProgress((index + 1) * size)
      },
      options.signal,
    )
    appended += count
    yield {
      ...rates(phase, count, sizeBytes, performance.now() - start),
      ...spread(latencies),
      durability,
    }
  }
  options.onPhase('read')
  const start = performance.now()
  let read = 0
  for await (const list of log.read(topic, { signal: options.signal }).batches()) {
    read += list.length
    options.onProgress(read)
  }
  if (read !== appended) throw new Error(`${appended} events were appended, but ${read} read`)
  yield { ...rates('read', read, sizeBytes, performance.now() - start), durability }
}

/** Calls `work` for 0, 1, 2 …, so many of them at a time. */
async function eachTogether(
  together: number,
  count: number,
  work: (index: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      signal.throwIfAborted()
      await work(next++)
    }
  }
  const workers = await Promise.allSettled(
    Array.from({ length: Math.min(together, count) }, worker),
  )
  for (const result of workers) if (result.status === 'rejected') throw result.reason
}

function rates(
  phase: BenchResult['phase'],
  events: number,
  sizeBytes: number,
  ms: number,
): BenchResult {
  const seconds = Math.max(ms, 0.001) / 1000
  const eventsPerSecond = events / seconds
  return { phase, events, ms, eventsPerSecond, bytesPerSecond: eventsPerSecond * sizeBytes }
}

function spread(latencies: Latencies): { p50Ms: number; p99Ms: number } {
  return { p50Ms: latencies.percentile(0.5), p99Ms: latencies.percentile(0.99) }
}

function sized(random: Uint8Array, sizeBytes: number): Uint8Array {
  const payload = new Uint8Array(sizeBytes)
  for (let at = 0; at < sizeBytes; at += random.length) {
    payload.set(random.subarray(0, sizeBytes - at), at)
  }
  return payload
}
