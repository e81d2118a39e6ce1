import { execFileSync } from 'node:child_process'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { HostileTarget } from './hostile-target.js'
import { opening } from './http2-frames.js'

/** Connections of those who behave: the client, and who asks for metrics. */
const room = 5

/** Files that this process has open for other things. */
const otherFiles = 500

/** As many as the limit of files allows, and 10,000 at most: each end of a connection is a file. */
const connectionsMax = Math.min(10_000, openFilesMax() - otherFiles)

function openFilesMax(): number {
  const text = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  return text === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(text)
}

/** So many at a time, as the queue of a port that listens has 511 places at most. */
const atOnce = 100

async function openMany(
  target: HostileTarget,
  port: 'grpc' | 'http',
  count: number,
): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const next = Math.min(atOnce, count - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: next }, () => target.socket(port)))))
  }
  return sockets
}

/** Ten thousand connections take their time where others use the machine as well. */
const timeout = 300_000

describe('idle connections', { timeout }, () => {
  test.each([
    ['grpc', 'speak HTTP/2 and then nothing', opening, connectionsMax, 500],
    ['grpc', 'say nothing', undefined, Math.min(connectionsMax, 2_000), 200],
    ['http', 'say nothing', undefined, Math.min(connectionsMax, 2_000), 200],
  ] as const)(
    'to the port of %s that %s leave others alone, and more are refused',
    async (port, _what, first, count, residentMebibytesMax) => {
      await using target = await HostileTarget.start({
        residentMebibytesMax,
        args: ['--limits-connections-max', String(count + room)],
      })
      await target.expectWell()
      const begun = performance.now()
      const sockets = await openMany(target, port, count)
      if (first !== undefined) for (const socket of sockets) socket.resume().write(first)
      await target.expectWell()

      await openMany(target, port, 100)
      const refused = `goethe_refused_connections_total{protocol="${port}"}`
      await expect.poll(() => target.metric(refused)).toBeGreaterThanOrEqual(100 - room)
      await target.expectWell()
      // Once; on a machine that needs minutes for this, how many more there were, and once more, in each.
      const told = target.server.lines.filter(({ level }) => level === 'warn')
      const minutes = Math.floor((performance.now() - begun) / 60_000)
      expect(told.length).toBeGreaterThan(0)
      expect(told.length).toBeLessThanOrEqual(1 + 2 * minutes)
      expect(new Set(told.map(({ protocol }) => protocol))).toEqual(new Set([port]))

      for (const socket of sockets) socket.destroy()
      const open = `goethe_connections{protocol="${port}"}`
      await expect.poll(() => target.metric(open)).toBeLessThan(room + 100)
      await target.expectWell()
    },
  )
})
