import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type Server, readConfig, startServer } from '@goethe/server'
import { beforeEach, expect, test } from 'vitest'
import { freePort } from '../../packages/cluster/tests-support/free-ports.js'

const main = fileURLToPath(new URL('main.mjs', import.meta.url))
let data: string

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'goethe-client-'))
  return () => rm(data, { recursive: true, force: true })
})

test('it goes on where it was when the server was away, and in the next run', async () => {
  // To which nobody else comes while the server is away.
  const port = await freePort()
  let server = await serve(port)
  const first = new Program(port)
  await first.line(/^#5 /)

  await server.stop({ deadlineMs: 0 })
  await first.line(/the server is gone/)
  server = await serve(port)
  await first.line(/again$/)
  await first.line(/^#20 /)
  expect(await first.end()).toBe(0)
  expect(first.lines.at(-1)).toBe('ended')
  const shown = first.sequences()
  expect(shown).toEqual(shown.map((_, index) => index + 1))

  const second = new Program(port)
  await second.line(/^#\d+ /)
  expect(await second.end()).toBe(0)
  const last = shown.at(-1)!
  // The last one shown may not have been committed when the first run was ended.
  const behind = Number(second.lines.join('\n').match(/going on behind #(\d+)/)?.[1])
  expect([last - 1, last]).toContain(behind)
  expect(second.sequences()[0]).toBe(behind + 1)
  await server.stop({ deadlineMs: 0 })
})

function serve(port: number): Promise<Server> {
  const flags = {
    data,
    'grpc.port': port,
    'http.port': 0,
    'log.level': 'silent',
    'disk.reserveBytes': 0,
  }
  return startServer(readConfig({ flags }))
}

/** The program as somebody starts it. */
class Program {
  readonly lines: string[] = []
  readonly #child: ChildProcessByStdio<null, Readable, null>
  readonly #closed: Promise<unknown[]>
  readonly #reader

  constructor(port: number) {
    const args = [main, '--server', `goethe://127.0.0.1:${port}`, '--every', '10']
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#closed = once(this.#child, 'close')
    this.#reader = createInterface({ input: this.#child.stdout })
    this.#reader.on('line', (line) => this.lines.push(line))
  }

  /** Waits for a line that has not come yet, or has. */
  async line(pattern: RegExp): Promise<void> {
    while (!this.lines.some((line) => pattern.test(line))) await once(this.#reader, 'line')
  }

  async end(): Promise<unknown> {
    this.#child.kill('SIGINT')
    return (await this.#closed)[0]
  }

  sequences(): number[] {
    return this.lines.flatMap((line) => /^#(\d+) /.exec(line)?.[1] ?? []).map(Number)
  }
}
