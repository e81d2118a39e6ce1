import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Server, readConfig, startServer } from '@goethe/server'
import { beforeEach, expect, test } from 'vitest'

const pathTo = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
let server: Server
let address: string

beforeEach(async () => {
  const data = await mkdtemp(join(tmpdir(), 'goethe-workers-'))
  const flags = {
    data,
    'grpc.port': 0,
    'http.port': 0,
    'log.level': 'silent',
    'disk.reserveBytes': 0,
  }
  server = await startServer(readConfig({ flags }))
  address = `goethe://127.0.0.1:${server.addresses.grpc.port}`
  return async () => {
    await server.stop({ deadlineMs: 0 })
    await rm(data, { recursive: true, force: true })
  }
})

test('two workers share the mails, one leaves in peace, and what fails is set aside', async () => {
  const workers = [new Worker(), new Worker()] as const
  await Promise.all(workers.map((worker) => worker.line('ready')))
  await write(...Array.from({ length: 30 }, (_, index) => `reader-${index}@example.com`), 'nobody')

  // Both are at work: one is told to go while it has a mail in its hand.
  await Promise.all(workers.map((worker) => worker.line('sent')))
  expect(await workers[0].end()).toBe(0)
  expect(workers[0].lines.at(-1)).toBe('ended')

  // The other one does the rest.
  const [failed] = await server.log.read('mails-failed', { follow: true, limit: 1 }).toArray()
  expect(failed?.json()).toMatchObject({ to: 'nobody' })
  await write('late@example.com')
  await workers[1].line('sent #32')
  // What the first one had in its hand may come after that.
  const cursor = server.log.cursor('mails', 'mailer')
  await expect.poll(() => cursor.lag()).toBe(0)
  expect(await workers[1].end()).toBe(0)

  const lines = workers.flatMap(({ lines: some }) => some)
  const sent = lines.filter((line) => line.startsWith('sent'))
  expect(sent.length).toBe(31)
  expect(new Set(sent).size).toBe(31)
  expect(lines.filter((line) => line.startsWith('failed #31')).length).toBe(3)
})

test('an idle worker ends at once', async () => {
  const worker = new Worker()
  await worker.line('ready')
  expect(await worker.end()).toBe(0)
  expect(worker.lines).toEqual(['ready', 'ended'])
})

async function write(...to: string[]): Promise<void> {
  const env = { ...process.env, GOETHE_SERVER: address }
  await promisify(execFile)(process.execPath, [pathTo('write.mjs'), ...to], { env })
}

/** A worker as somebody starts it. */
class Worker {
  readonly lines: string[] = []
  readonly #child: ChildProcessByStdio<null, Readable, null>
  readonly #closed: Promise<unknown[]>
  readonly #reader

  constructor() {
    this.#child = spawn(process.execPath, [pathTo('worker.mjs'), '--server', address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#closed = once(this.#child, 'close')
    this.#reader = createInterface({ input: this.#child.stdout })
    this.#reader.on('line', (line) => this.lines.push(line))
  }

  /** Waits for a line that has not come yet, or has. */
  async line(start: string): Promise<void> {
    while (!this.lines.some((line) => line.startsWith(start))) await once(this.#reader, 'line')
  }

  async end(): Promise<unknown> {
    this.#child.kill('SIGTERM')
    return (await this.#closed)[0]
  }
}
