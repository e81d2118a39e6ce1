import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { openStore } from '@goethe/server'
import { beforeEach, describe, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

describe('goethe', () => {
  let data: string

  beforeEach(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'goethe-cli-'))
    data = join(folder, 'log')
    return () => rm(folder, { recursive: true, force: true })
  })

  test('what is appended is read', async () => {
    const { stdout } = await goethe('append', 'orders', 'Faust')
    expect(stdout).toMatch(/^1 event appended to orders: #1, last id \d{19}\n$/)
    expect((await goethe('read', 'orders')).stdout).toMatch(/^\d{4}-\S+Z #1 Faust\n$/)
  })

  test('each line of standard input is an event', async () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `event ${index + 1}`)
    const { stdout } = await goethe({ input: `${lines.join('\n')}\n` }, 'append', 'orders')
    expect(stdout).toContain('10000 events appended to orders: #1 to #10000')
    const read = await goethe('read', 'orders', '--payloads')
    expect(read.stdout.split('\n').slice(0, -1)).toEqual(lines)
  })

  test('nothing on standard input is nothing to append', async () => {
    expect(await goethe('append', 'orders')).toMatchObject({
      code: 0,
      stdout: 'nothing to append\n',
    })
  })

  test('reading begins at a date, ends at a limit and goes in reverse', async () => {
    await fill()
    const payloads = async (...args: string[]) =>
      (await goethe('read', ...args, '--payloads')).stdout.trimEnd().split('\n')
    expect(await payloads('a', '--from', '2026-01-02')).toEqual(['a2', 'a3'])
    expect(await payloads('a', '--from', '2', '--limit', '1')).toEqual(['a2'])
    expect(await payloads('a', '--reverse', '--limit', '2')).toEqual(['a3', 'a2'])
    expect(await payloads('*', '--to', '2026-01-02')).toEqual(['a1', 'b1'])
  })

  test('JSON keeps ids whole and bytes as Base64', async () => {
    const log = await openStore(data)
    await log.append('a', [Buffer.from('ü'), Buffer.from([0xff])], {
      time: 1_767_225_600_123_456_789n,
    })
    await log.close()
    const { stdout } = await goethe('read', '*', '--json')
    const time = '2026-01-01T00:00:00.123Z'
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { topic: 'a', id: '1767225600123456789', sequence: 1, time, payload: 'ü' },
      { topic: 'a', id: '1767225600123456790', sequence: 2, time, payloadBase64: '/w==' },
    ])
  })

  test('topics, a description and a histogram tell what is there', async () => {
    await fill()
    expect((await goethe('topics')).stdout).toBe('a\nb\n')
    expect((await goethe('topics', '--prefix', 'b')).stdout).toBe('b\n')
    const described = JSON.parse((await goethe('describe', 'a', '--json')).stdout)
    expect(described).toMatchObject({ topic: 'a', count: 3, last: { sequence: 3 } })
    expect((await goethe('describe', 'a')).stdout).toMatch(/^events +3$/m)
    expect((await goethe('histogram', '*', '--interval', '1d')).stdout).toMatch(
      /^2026-01-01 2 █+\n2026-01-02 1 █+\n2026-01-03 1 █+\n$/,
    )
  })

  test('verify finds nothing in a sound log, and fails with what it finds in a damaged one', async () => {
    await fill()
    expect(await goethe('verify')).toMatchObject({ code: 0, stderr: '' })
    await damage()
    const { code, stdout, stderr } = await goethe('verify')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^events of a: The block cannot be read: .*\(key [0-9a-f]+\)$/m)
    expect(stderr).toMatch(/^goethe: \d+ problems in \d+ entries\n$/)
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

  test('a directory without a log is an error, and stays as it is', async () => {
    expect(await goethe('read', 'orders')).toEqual({
      code: 1,
      stdout: '',
      stderr: `goethe: There is no log in ${data} (GOETHE_INVALID_STORE)\n`,
    })
    expect(existsSync(data)).toBe(false)
  })

  test('a log that is open elsewhere says so', async () => {
    await using _log = await openStore(data)
    const { code, stderr } = await goethe('topics')
    expect(code).toBe(1)
    expect(stderr).toContain(`goethe: The log in ${data} is open already`)
  })

  test.each([
    [['read', 'a:b'], 'A topic holds no'],
    [['read', 'a', '--from', 'yesterday'], 'neither a date'],
    [['read', 'a', '--limit', '0'], 'a whole number from 1'],
    [['read'], "missing required argument 'topic'"],
    [['reed'], "unknown command 'reed'"],
  ])('%j is wrong usage', async (args, message) => {
    await fill()
    const { code, stderr } = await goethe(...args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  test('help is no error', async () => {
    const { code, stdout } = await goethe('--help')
    expect(code).toBe(0)
    expect(stdout).toContain('Exit codes:')
  })

  async function fill(): Promise<void> {
    const log = await openStore(data)
    for (const [topic, text, time] of [
      ['a', 'a1', '2026-01-01'],
      ['b', 'b1', '2026-01-01'],
      ['a', 'a2', '2026-01-02'],
      ['a', 'a3', '2026-01-03'],
    ] as const) {
      await log.append(topic, Buffer.from(text), { time: new Date(time) })
    }
    await log.close()
  }

  /** Flips a bit of the payload `a1` in whichever file of LevelDB holds it. */
  async function damage(): Promise<void> {
    for (const name of await readdir(data)) {
      const path = join(data, name)
      const bytes = await readFile(path)
      const at = bytes.indexOf('*\u0002a1')
      if (at === -1 || !name.endsWith('.ldb')) continue
      bytes.writeUInt8(bytes.readUInt8(at + 2) ^ 1, at + 2)
      await writeFile(path, bytes)
    }
  }

  async function goethe(...args: (string | { input: string })[]) {
    const [first] = args
    const input = typeof first === 'object' ? first.input : ''
    const child = start(...args.filter((argument) => typeof argument === 'string'))
    child.stdin.end(input)
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    return { code: code as number, stdout, stderr }
  }

  function start(...args: string[]) {
    return spawn(process.execPath, [main, ...args], { env: { ...process.env, GOETHE_DATA: data } })
  }
})
