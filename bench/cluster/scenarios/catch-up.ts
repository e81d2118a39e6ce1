import { open, stat } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort, startNode } from '../../server/server-process'
import { mustEqual } from '../../src/measure'
import { batchSize, payloadBatches } from '../../src/payloads'
import type { Contestant, Run, Scale, Scenario } from '../../src/scenario'
import { LocalCluster } from '../local-cluster'

const payloadBytes = 1024
const pollMs = 10
const perMegabyte = 'ms per MB'

/** As seen from bench/dist. */
const sender = fileURLToPath(new URL('file-sender.js', import.meta.url))

/** A member that has lost its disk and gets everything again, while nobody appends. */
const emptyMember: Contestant = {
  name: 'Goethe, empty member',
  async run({ directory, scale }) {
    const { connect } = await import('@goethe/client')
    const cluster = await LocalCluster.start(directory)
    const name = await cluster.follower()
    await cluster.end(name, 'kill')
    await cluster.emptyDisk(name)
    const log = connect(cluster.addresses)
    const batches = payloadBatches(payloadBytes)
    const events = eventsOf(scale)
    for (let index = 0; index < events / batchSize; index++) {
      await log.append('orders', batches[index % batches.length]!)
    }
    await log.close()
    const start = performance.now()
    await cluster.run(name)
    const startMs = performance.now() - start
    await cluster.inSync([name])
    const inSyncMs = performance.now() - start
    // It is in sync once its journal has everything; readers see it a little later.
    const member = connect(cluster.addressOf(name))
    while ((await member.describe('orders')).count < events) await delay(pollMs)
    const seconds = (performance.now() - start) / 1000
    await member.close()
    await cluster.close()
    const megabytes = (events * payloadBytes) / 1_000_000
    const tookMs = seconds * 1000 - startMs
    const metrics = {
      'ms to start': startMs,
      'ms to be in sync': inSyncMs,
      [perMegabyte]: tookMs / megabytes,
    }
    return { rate: (megabytes / tookMs) * 1000, metrics }
  },
}

/** The same bytes as one file: over loopback to another process, which writes them to its disk. */
const plainCopy: Contestant = {
  name: 'plain copy over TCP',
  async run(run) {
    const source = await writeSource(run)
    const { size } = await stat(source)
    const port = await freePort()
    const server = await startNode(sender, [String(port), source], port)
    const start = performance.now()
    const target = await open(join(run.directory, 'target'), 'wx')
    for await (const chunk of createConnection(port, '127.0.0.1')) await target.appendFile(chunk)
    await target.sync()
    const seconds = (performance.now() - start) / 1000
    mustEqual('Bytes copied', (await target.stat()).size, size)
    await target.close()
    await server.kill()
    return { rate: size / 1_000_000 / seconds }
  },
}

export const catchUpScenario: Scenario = {
  name: 'catch-up',
  title: 'from when an empty member listens until it serves everything, 1 KiB events',
  unit: 'MB/s',
  contestants: [emptyMember, plainCopy],
  // 100 MB/s; the copy, which is no log, is there for orientation.
  goals: [{ ours: emptyMember.name, metric: perMegabyte, atMost: 10 }],
}

const eventsOf = (scale: Scale) => scale.events(600_000)

async function writeSource({ directory, scale }: Run): Promise<string> {
  const path = join(directory, 'source')
  const file = await open(path, 'wx')
  const batches = payloadBatches(payloadBytes)
  for (let index = 0; index < eventsOf(scale) / batchSize; index++) {
    await file.writev(batches[index % batches.length]!)
  }
  await file.sync()
  await file.close()
  return path
}
