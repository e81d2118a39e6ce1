import type { Durability } from '../durability'
import { mustEqual, rateOf } from '../measure'
import { payloadBatches } from '../payloads'
import type { Contestant, Run, Sample, Scenario } from '../scenario'
import type { OpenStore, SingleStore } from '../stores/store'

interface Load {
  durability: Durability
  /** Appends that wait for their acknowledgement at any time. */
  inFlight: number
  events: number
}

const oneAtATime: Load = { durability: 'fsync', inFlight: 1, events: 4_000 }

/** Single appends, 1,000 of them in flight, each awaited by itself. */
export function inFlightScenario(durability: Durability): Scenario {
  const load = { durability, inFlight: 1000 }
  const [ours, theirs] = durability === 'os' ? [1_000_000, 150_000] : [400_000, 15_000]
  return {
    name: `in-flight-${durability}`,
    title: `1,000 single appends in flight, ${durability}, 100-byte events`,
    unit: 'events/s',
    contestants: [goethe({ ...load, events: ours }), rawPut({ ...load, events: theirs })],
    goals: [{ ours: 'Goethe', theirs: 'classic-level put', atLeast: durability === 'os' ? 8 : 40 }],
  }
}

/** Single appends, one at a time: each waits for the disk. */
export const oneAtATimeScenario: Scenario = {
  name: 'one-at-a-time-fsync',
  title: 'one append at a time, fsync, 100-byte events',
  unit: 'events/s',
  contestants: [goethe(oneAtATime), rawPut(oneAtATime)],
  goals: [{ ours: 'Goethe', theirs: 'classic-level put', atLeast: 0.85 }],
}

function goethe(load: Load): Contestant {
  return {
    name: 'Goethe',
    run: async (run) => measure((await import('../stores/goethe')).openGoetheAppends, run, load),
  }
}

function rawPut(load: Load): Contestant {
  return {
    name: 'classic-level put',
    run: async (run) => measure((await import('../stores/raw-level')).openRawPuts, run, load),
  }
}

async function measure(
  open: OpenStore<SingleStore>,
  { directory, scale, verify }: Run,
  load: Load,
): Promise<Sample> {
  const payloads = payloadBatches(100).flat()
  const events = scale.events(load.events)
  const warmUpEvents = Math.ceil(events / 5)
  const store = await open(directory, load.durability)
  await appendAll(store, payloads, warmUpEvents, load.inFlight)
  const rate = await rateOf(events, () => appendAll(store, payloads, events, load.inFlight))
  if (verify) mustEqual('Events in the store', await store.count(), warmUpEvents + events)
  await store.close()
  return { rate }
}

async function appendAll(
  store: SingleStore,
  payloads: readonly Buffer[],
  events: number,
  inFlight: number,
) {
  let next = 0
  async function appendOneByOne() {
    while (next < events) await store.append(payloads[next++ % payloads.length]!)
  }
  await Promise.all(Array.from({ length: inFlight }, appendOneByOne))
}
