import { execFileSync } from 'node:child_process'
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { expect, it } from 'vitest'
import { assertCode } from '../tests-support/log-machine.js'
import { problemsOf } from '../tests-support/problems.js'
import { tempFolder } from '../tests-support/temp-folder.js'
import { EventLog, isGoetheError } from './index.js'

/** A file system of a few MiB, or why there is none. */
function mountSmall(path: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `a small file system cannot be mounted here: ${(error as Error).message}`
  }
}

it('keeps what was acknowledged when the disk is full, and goes on once it is not', async (context) => {
  await using folder = await tempFolder()
  const reason = mountSmall(folder.path)
  if (reason !== undefined) return context.skip(reason)
  try {
    const path = join(folder.path, 'database')
    const filler = join(folder.path, 'filler')
    writeFileSync(filler, new Uint8Array(2 * 1024 * 1024))
    const log = await EventLog.open(new ClassicLevel(path, { writeBufferSize: 256 * 1024 }))
    const tail = log.read('a', { follow: true }).batches()
    let acknowledged = 0
    let failure: unknown
    for (let count = 1; failure === undefined && count < 10_000; count++) {
      // Random bytes, which LevelDB cannot make smaller.
      const payload = crypto.getRandomValues(new Uint8Array(10_000))
      await log.append('a', [payload, payload.slice(0, 10)]).then(
        ({ lastSequence }) => (acknowledged = lastSequence),
        (error: unknown) => (failure = error),
      )
    }
    expect(isGoetheError(failure, 'GOETHE_WRITE_FAILED')).toBe(true)
    expect((failure as Error).cause).toBeInstanceOf(Error)
    expect(statfsSync(folder.path).bavail * statfsSync(folder.path).bsize).toBeLessThan(1024 * 1024)
    await assertCode(log.append('a', new Uint8Array(1)), 'GOETHE_WRITE_FAILED')
    let seen = 0
    while (seen < acknowledged) seen += (await tail.next()).value!.length
    expect(seen).toBe(acknowledged)
    expect(await log.read('a').toArray()).toHaveLength(acknowledged)
    await log.close()

    rmSync(filler)
    await using again = await EventLog.open(new ClassicLevel(path))
    expect(await problemsOf(again)).toEqual([])
    const { length } = await again.read('a').toArray()
    // The append that failed may have reached the disk: as a whole, then.
    expect([acknowledged, acknowledged + 2]).toContain(length)
    expect((await again.append('a', new Uint8Array(1))).firstSequence).toBe(length + 1)
  } finally {
    execFileSync('umount', ['-l', folder.path])
  }
})
