import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { manualClock } from '@goethe/core/testing'
import { expect, it } from 'vitest'
import { tempFolder } from '../tests-support/temp-folder.js'
import { startTestServer } from '../tests-support/test-server.js'

/** A small file system, or why there is none. */
function mountSmall(path: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', path], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `a small file system cannot be mounted here: ${(error as Error).message}`
  }
}

it('a disk that is really full costs nothing that was acknowledged, nor a restart', async (context) => {
  await using folder = await tempFolder()
  const reason = mountSmall(folder.path)
  if (reason !== undefined) return context.skip(reason)
  try {
    const filler = join(folder.path, 'filler')
    writeFileSync(filler, new Uint8Array(16 * 1024 * 1024))
    const clock = manualClock(new Date())
    // A reserve that is met too late: others fill the disk as well.
    const flags = { data: join(folder.path, 'log'), diskReserveBytes: '4MiB' }
    await using server = await startTestServer({ clock, flags })
    let acknowledged = 0
    let code: string | undefined
    while (code === undefined) {
      // Random bytes, which LevelDB cannot make smaller.
      const payload = crypto.getRandomValues(new Uint8Array(60_000))
      const answer = await server.send('POST', '/v1/topics/a/events', payload)
      if (answer.status === 200) acknowledged++
      else code = answer.json['code'] as string
    }
    expect(code).toBe('GOETHE_WRITE_FAILED')
    expect(server.server.storeState.type).toBe('failed')
    expect((await server.get('/readyz')).status).toBe(503)
    const count = async (): Promise<number> => {
      const { text } = await server.get('/v1/events', { accept: 'application/x-ndjson' })
      return text.trim().split('\n').length
    }
    expect(await count()).toBe(acknowledged)

    rmSync(filler)
    clock.advance(5000)
    while (server.server.storeState.type !== 'open') await new Promise(setImmediate)
    expect((await server.send('POST', '/v1/topics/a/events', 'x')).status).toBe(200)
    // The event that failed may have reached the disk.
    expect([acknowledged + 1, acknowledged + 2]).toContain(await count())
  } finally {
    execFileSync('umount', ['-l', folder.path])
  }
})
