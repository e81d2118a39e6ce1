import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { EventLog, GoetheError } from '@goethe/core'
import { CopyLevel } from '../../core/tests-support/copy-level.js'
import { freePort } from '../../cluster/tests-support/free-ports.js'
import { TestServer, memoryLog } from '../../client/tests-support/test-server.js'
import { commitLines } from '../tests-support/commits.js'
import { type RunOptions, jsonLines, runGoethe } from '../tests-support/run-goethe.js'
import { temporaryFolder } from '../tests-support/temporary-folder.js'

describe('behind a server', () => {
  let server: TestServer

  beforeEach(async () => {
    const log = await memoryLog()
    server = await TestServer.start(log)
    return async () => {
      await server.stop()
      await log.close()
    }
  })

  test('what is appended is read and described', async () => {
    expect(await json('append', 'orders', 'Faust', 'Egmont')).toMatchObject([
      { topic: 'orders', count: 2, firstSequence: 1, lastSequence: 2, durability: 'memory' },
    ])
    expect(await json('read', 'orders', '--tail', '1')).toMatchObject([{ payload: 'Egmont' }])
    expect(await json('topics')).toMatchObject([{ topic: 'orders', count: 2 }])
    expect(await json('histogram', '*', '-i', '1d')).toMatchObject([{ count: 2 }])
    expect(await goethe(['read', 'order'])).toMatchObject({ code: 3 })
    expect(await goethe(['append', 'orders', 'x', '--expect', '1'])).toMatchObject({ code: 4 })
  })

  test('what is asked to be linearizable is read at the leader where a follower refuses it', async () => {
    const behind = new CopyLevel()
    const details = { leader: server.address.replace('goethe://', '') }
    behind.answer = () =>
      Promise.reject(new GoetheError('GOETHE_NOT_LEADER', 'Ask the leader', { details }))
    const follower = await TestServer.start(await EventLog.open(behind))
    const at = ['--server', follower.address]
    try {
      await goethe(['append', 'orders', 'Faust'])
      expect(await runGoethe(['read', 'orders', ...at])).toMatchObject({ code: 3 })
      const newest = [...at, '--consistency', 'linearizable', '--json']
      const read = await runGoethe(['read', 'orders', '--tail', '1', ...newest])
      expect(jsonLines(read.stdout)).toMatchObject([{ payload: 'Faust' }])
      const described = await runGoethe(['describe', 'orders', ...newest])
      expect(jsonLines(described.stdout)).toMatchObject([{ count: 1 }])
      const wrong = await runGoethe(['read', 'orders', ...at, '--consistency', 'strong'])
      expect(wrong).toMatchObject({ code: 2 })
    } finally {
      await follower.stop(0)
      await follower.log.close()
    }
  })

  test('an import keeps its order, and goes on where it was interrupted', async () => {
    const lines = commitLines(5000)
    const fields = ['--topic-field', 'source', '--time-field', 'time']
    const input = (count: number) => ({ input: lines.slice(0, count).join('\n') })
    await goethe(['import', ...fields], input(2500))
    const { stdout } = await goethe(['import', ...fields, '--resume'], input(5000))
    expect(JSON.parse(stdout)).toMatchObject({ count: 2500, skipped: 2500 })
    expect((await json('read', '*')).map(({ payload }) => payload)).toEqual(lines)
  })

  test('lines keep their order', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `event ${index}`)
    await goethe(['append', 'orders'], { input: lines.join('\n') })
    expect((await goethe(['read', 'orders', '--payloads'])).stdout).toBe(`${lines.join('\n')}\n`)
  })

  test('following ends with Ctrl-C', async () => {
    await goethe(['append', 'orders', 'Faust'])
    const run = await goethe(['read', 'orders', '--follow'], { interruptAt: 'Faust' })
    expect(run).toMatchObject({ code: 130, stderr: '' })
  })

  test('events are consumed, and consumers are moved', async () => {
    await goethe(['append', 'orders', 'Faust', 'Egmont'])
    expect(await json('consume', 'orders', '-c', 'x', '--drain')).toHaveLength(2)
    expect(await json('cursors')).toMatchObject([{ consumer: 'x', sequence: 2, lag: 0 }])
    await goethe(['seek', 'orders', 'start', '--consumer', 'x'])
    expect(await json('consume', 'orders', '-c', 'x', '--limit', '1')).toMatchObject([
      { payload: 'Faust', attempt: 1 },
    ])
    expect(await json('cursors')).toMatchObject([{ sequence: 1, lag: 1 }])
    const run = await goethe(['consume', 'orders', '-c', 'x'], { interruptAt: 'Egmont' })
    expect(run).toMatchObject({ code: 130, stderr: '' })
  })

  test('a backup of a server is restored into a directory', async () => {
    await goethe(['append', 'orders', 'Faust', 'Egmont'])
    const { folder, remove } = await temporaryFolder()
    try {
      expect(await json('backup', join(folder, 'b'))).toMatchObject([{ events: 2 }])
      const data = ['--data', join(folder, 'copy')]
      await goethe(['restore', join(folder, 'b'), ...data], { environment: {} })
      expect((await goethe(['read', 'orders', ...data])).stdout).toBe(
        (await goethe(['read', 'orders'])).stdout,
      )
      expect(await readFile(join(folder, 'b'))).not.toHaveLength(0)
    } finally {
      await remove()
    }
  })

  test('events are trimmed, kept for a while, and deleted', async () => {
    await goethe(['append', 'orders', 'Faust', 'Egmont'])
    expect(await json('trim', 'orders', '-b', '2', '--yes')).toMatchObject([{ count: 1 }])
    expect(await json('retention', 'orders', '--count', '5')).toEqual([
      { topic: 'orders', retention: { count: 5 } },
    ])
    expect(await json('verify')).toMatchObject([{ problems: 0 }])
    expect(await goethe(['delete', 'orders', '--yes'])).toMatchObject({ code: 0 })
    expect(await json('topics')).toEqual([])
  })

  test('it is measured, and left as it was', async () => {
    expect(await json('bench', '--events', '300', '--batch', '10')).toHaveLength(4)
    expect(await json('topics')).toEqual([])
  })

  test('the doctor finds nothing', async () => {
    const { code, stdout } = await goethe(['doctor', '--text'])
    expect(stdout).toMatch(/^✓ network /m)
    expect(stdout).toMatch(/^✓ clock /m)
    expect(stdout).not.toMatch(/^✗/m)
    expect(code).toBe(0)
  })

  function goethe(args: readonly string[], options: RunOptions = {}) {
    return runGoethe(args, { environment: { GOETHE_SERVER: server.address }, ...options })
  }

  async function json(...args: string[]): Promise<Record<string, unknown>[]> {
    return jsonLines((await goethe(args)).stdout)
  }
})

describe('where no server answers', () => {
  test('a command says how to start one', async () => {
    const { code, stderr } = await runGoethe(['topics', '--server', await freeAddress()])
    expect(code).toBe(1)
    expect(stderr).toContain('GOETHE_UNAVAILABLE')
    expect(stderr).toContain(
      'Name another server with --server, or work without one: --data DIRECTORY',
    )
  })

  test('the doctor says that nothing answers', async () => {
    const { code, stdout } = await runGoethe(['doctor', '--text', '--server', await freeAddress()])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^✗ network +Nothing answers at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)\.$/m)
  })

  test('what is no address is wrong usage', async () => {
    const { code, stderr } = await runGoethe(['topics', '--server', 'http://localhost'])
    expect(code).toBe(2)
    expect(stderr).toContain('An address begins with goethe://')
  })
})

/** An address at which nobody listens. */
async function freeAddress(): Promise<string> {
  return `goethe://127.0.0.1:${await freePort()}`
}
