import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { openStore } from '@goethe/server'
import { beforeEach, describe, expect, test } from 'vitest'
import { resultOf, startGoethe } from '../tests-support/goethe-process.js'
import { temporaryFolder } from '../tests-support/temporary-folder.js'

describe('goethe, built', () => {
  let data: string

  beforeEach(async () => {
    const { folder, remove } = await temporaryFolder()
    data = join(folder, 'log')
    return remove
  })

  test('what is appended is read', async () => {
    const { stdout } = await goethe('append', 'orders', 'Faust', '--text')
    expect(stdout).toMatch(/^1 event appended to orders: #1, last id \d{19}\n$/)
    expect((await goethe('read', 'orders', '--text')).stdout).toMatch(/^\d{4}-\S+Z #1 Faust\n$/)
  })

  test('each line of standard input is an event', async () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `event ${index + 1}`)
    const { stdout } = await goethe({ input: `${lines.join('\n')}\n` }, 'append', 'orders')
    expect(JSON.parse(stdout)).toMatchObject({ topic: 'orders', count: 10_000, firstSequence: 1 })
    const read = await goethe('read', 'orders', '--payloads')
    expect(read.stdout.split('\n').slice(0, -1)).toEqual(lines)
  })

  test('a reader of its output that leaves early is no error', async () => {
    const lines = `${'x'.repeat(1000)}\n`.repeat(5000)
    await goethe({ input: lines }, 'append', 'orders')
    const child = start('read', 'orders')
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  })

  test('Ctrl-C ends a read that follows, and the log is free again', async () => {
    await goethe('append', 'orders', 'Faust')
    const child = start('read', 'orders', '--follow')
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    expect(await resultOf(child)).toMatchObject({ code: 130, stderr: '' })
    expect(await goethe('topics', '--names')).toEqual({ code: 0, stdout: 'orders\n', stderr: '' })
  })

  test('a directory without a log is an error, and stays as it is', async () => {
    const { code, stdout, stderr } = await goethe('read', 'orders')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain(`goethe: There is no log in ${data} (GOETHE_INVALID_STORE)\n`)
    expect(stderr).toContain('`goethe append TOPIC PAYLOAD --data')
    expect(existsSync(data)).toBe(false)
  })

  test('a log that is open elsewhere says so, and the doctor says by whom', async () => {
    await using _log = await openStore(data)
    const { code, stderr } = await goethe('topics')
    expect(code).toBe(1)
    expect(stderr).toContain(`goethe: The log in ${data} is open already`)
    const lock = (await goethe('doctor')).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { what: string; state: string; message: string })
      .find(({ what }) => what === 'lock')
    expect(lock?.state).toBe('warning')
    if (existsSync('/proc/locks')) expect(lock?.message).toContain(`Process ${process.pid} (`)
  })

  test.each([
    [['read', 'a:b'], 'A topic holds no'],
    [['read', 'a', '--from', 'yesterday'], 'It should be start, end, a date'],
    [['read', 'a', '--limit', '0'], 'a whole number from 1'],
    [['read'], "missing required argument 'topics'"],
    [['reed'], "unknown command 'reed'"],
  ])('%j is wrong usage', async (args, message) => {
    const log = await openStore(data)
    await log.close()
    const { code, stderr } = await goethe(...args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  test('help is no error', async () => {
    const { code, stdout } = await goethe('--help')
    expect(code).toBe(0)
    expect(stdout).toContain('Exit codes:')
  })

  async function goethe(...args: (string | { input: string })[]) {
    const [first] = args
    const input = typeof first === 'object' ? first.input : ''
    return resultOf(start(...args.filter((argument) => typeof argument === 'string')), input)
  }

  function start(...args: string[]) {
    return startGoethe(args, { GOETHE_DATA: data })
  }
})
