import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { payloadBatches } from '../../src/payloads'
import type { Sample, Scenario } from '../../src/scenario'
import { contestant, nameOf } from '../contestant'
import { goethe } from '../contestants/goethe'
import { ioredis } from '../contestants/ioredis'
import { nats } from '../contestants/nats'
import type { EventServer } from '../event-server'

const resident = 'resident MB'

const idleMs = 45_000

/**
 * What a server takes that has nothing to do. V8 gives back what starting took only after half a
 * minute; until then a server of ours takes about 35 MB more.
 */
export const idleMemoryScenario: Scenario = {
  name: 'idle-memory',
  title: 'resident memory of an idle server',
  unit: 'MB',
  contestants: [
    contestant(goethe, 'fsync', measure),
    contestant(ioredis, 'fsync', measure, { once: true }),
    contestant(nats, 'os', measure, { once: true }),
  ],
  goals: [{ ours: nameOf(goethe, 'fsync'), metric: resident, atMost: 100 }],
}

async function measure(server: EventServer): Promise<Sample> {
  const client = await server.connect()
  await client.append(payloadBatches(100)[0]![0]!)
  await client.close()
  await delay(idleMs)
  const status = await readFile(`/proc/${server.processId}/status`, 'utf8')
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])
  const megabytes = (kibibytes * 1024) / 1_000_000
  return { rate: megabytes, metrics: { [resident]: megabytes } }
}
