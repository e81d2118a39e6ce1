import type { Durability } from '../durability'
import { mustEqual, rateOf } from '../measure'
import { batchSize, payloadBatches } from '../payloads'
import type { Contestant, Goal, Run, Sample, Scenario } from '../scenario'
import type { BatchStore, OpenStore } from '../stores/store'

const warmUpEvents = 100_000

/** Appends in batches of 1,000, one after the other. */
export function appendScenario(durability: Durability, sizeBytes: number): Scenario {
  const small = sizeBytes === 100
  const events = small ? 1_000_000 : 250_000

  const contestant = (
    name: string,
    open: () => Promise<OpenStore<BatchStore>>,
    options: { once?: boolean; events?: number } = {},
  ): Contestant => ({
    name,
    ...options,
    run: async (run) => measure(await open(), run, durability, sizeBytes, options.events ?? events),
  })

  const slow = { once: true, events: events / 5 }
  return {
    name: `append-${durability}${small ? '' : '-1k'}`,
    title: `append in batches of 1,000, ${durability}, ${small ? '100-byte' : '1 KiB'} events`,
    unit: 'events/s',
    extra: !small,
    contestants: [
      contestant('Goethe', async () => (await import('../stores/goethe')).openGoetheBatches),
      contestant('classic-level', async () => (await import('../stores/raw-level')).openRawBatches),
      contestant(
        'better-sqlite3',
        async () => (await import('../stores/better-sqlite3')).openBetterSqlite3,
      ),
      contestant('lmdb', async () => (await import('../stores/lmdb')).openLmdb),
      contestant('lmdb, synchronous', async () => (await import('../stores/lmdb')).openLmdbSync),
      ...(durability === 'os'
        ? [
            contestant(
              'hypercore',
              async () => (await import('../stores/hypercore')).openHypercore,
              slow,
            ),
          ]
        : []),
      contestant('plain file', async () => (await import('../stores/plain-file')).openPlainFile),
    ],
    goals: small ? goalsFor(durability) : [],
  }
}

function goalsFor(durability: Durability): Goal[] {
  return [
    { ours: 'Goethe', theirs: 'classic-level', atLeast: durability === 'os' ? 1.8 : 1.3 },
    { ours: 'Goethe', theirs: 'better-sqlite3', atLeast: 1 },
    { ours: 'Goethe', theirs: 'lmdb', atLeast: 1 },
    { ours: 'Goethe', theirs: 'lmdb, synchronous', atLeast: 1 },
  ]
}

async function measure(
  open: OpenStore<BatchStore>,
  { directory, scale, verify }: Run,
  durability: Durability,
  sizeBytes: number,
  fullEvents: number,
): Promise<Sample> {
  const batches = payloadBatches(sizeBytes)
  const events = scale.events(fullEvents)
  const store = await open(directory, durability)
  await appendAll(store, batches, warmUpEvents)
  const rate = await rateOf(events, () => appendAll(store, batches, events))
  if (verify) mustEqual('Events in the store', await store.count(), warmUpEvents + events)
  await store.close()
  return { rate }
}

async function appendAll(store: BatchStore, batches: readonly Buffer[][], events: number) {
  for (let index = 0; index < events / batchSize; index++) {
    await store.append(batches[index % batches.length]!)
  }
  await store.flush?.()
}
