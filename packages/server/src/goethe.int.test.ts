import { once } from 'node:events'
import { connect } from 'node:net'
import { type Clock, EventLog, type GoetheErrorCode } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { ClassicLevel } from 'classic-level'
import { describe, expect, test } from 'vitest'
import { FaultyLevel, holdNextWrite } from '../../core/tests-support/faulty-level.js'
import { TestEventSource } from '../tests-support/event-source.js'
import { tempFolder } from '../tests-support/temp-folder.js'
import { startTestServer } from '../tests-support/test-server.js'
import { type Config, defaultConfig } from './config.js'
import { startServer } from './goethe.js'
import { createLogger } from './log-writer.js'

const mebibyte = 1024 * 1024
const silent = createLogger({ level: 'silent', format: 'json' })
const ports = { 'grpc-port': 0, 'http-port': 0 }

/** Turns of the event loop until something is so; for what has no event of its own. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}

/** A store that a test makes fail; opened again it is a new one, without faults. */
class FaultyStore {
  level!: FaultyLevel
  opened = 0
  readonly #path: string
  readonly #clock: Clock

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  open(): Promise<EventLog> {
    this.opened++
    this.level = new FaultyLevel(new ClassicLevel(this.#path))
    return EventLog.open(this.level, { clock: this.#clock })
  }
}

describe('a disk without room', () => {
  test('takes no appends until there is more than the reserve again', async () => {
    const clock = manualClock(new Date())
    let freeBytes = 2000 * mebibyte
    const space = () => Promise.resolve({ freeBytes, totalBytes: 4000 * mebibyte })
    await using server = await startTestServer({ clock, space })
    const append = () => server.send('POST', '/v1/topics/a/events', 'x')
    const look = async (expected: string) => {
      clock.advance(5000)
      await until(() => server.server.storeState.type === expected)
    }
    expect((await append()).status).toBe(200)

    freeBytes = 100 * mebibyte
    await look('read-only')
    const refused = await append()
    expect(refused).toMatchObject({
      status: 503,
      json: { code: 'GOETHE_READ_ONLY', details: { retryDelayMs: 5000 } },
    })
    expect(refused.headers.get('retry-after')).toBe('5')
    for (const part of ['100.0 MiB free', 'reserve of 512 MiB']) {
      expect(refused.json['message']).toContain(part)
    }
    // Which disk that is concerns who reads the log of the server.
    expect(refused.json['message']).not.toContain(server.folder.path)
    expect(server.lines).toContainEqual(
      expect.objectContaining({ msg: refused.json['message'], data: server.folder.path }),
    )
    const ready = await server.get('/readyz')
    expect(ready).toMatchObject({ status: 200, json: { ready: true, store: 'read-only' } })
    expect(ready.json['reasons'][0]).toContain('100.0 MiB free')
    expect((await server.get('/metrics')).text).toContain('goethe_log_writable 0')
    // What is there is read, and what makes room is done.
    expect((await server.get('/v1/topics/a/events')).json['events']).toHaveLength(1)
    expect((await server.send('DELETE', '/v1/topics/a')).status).toBe(200)

    // A little more than the reserve would soon be less again.
    freeBytes = 520 * mebibyte
    clock.advance(5000)
    await until(async () =>
      (await server.get('/metrics')).text.includes(`_free_bytes ${freeBytes}`),
    )
    expect((await append()).status).toBe(503)
    freeBytes = 600 * mebibyte
    await look('open')
    expect((await append()).status).toBe(200)
  })

  test('a server starts on it, read-only', async () => {
    const space = () => Promise.resolve({ freeBytes: 1, totalBytes: 2 })
    await using server = await startTestServer({ space })
    expect((await server.send('POST', '/v1/topics/a/events', 'x')).json['code']).toBe(
      'GOETHE_READ_ONLY',
    )
  })

  test('what cannot be found out about it keeps nobody from appending', async () => {
    const space = () => Promise.reject(new Error('ENOSYS'))
    await using server = await startTestServer({ space })
    expect((await server.send('POST', '/v1/topics/a/events', 'x')).status).toBe(200)
    expect(server.lines.some(({ msg }) => msg === 'The free space of the disk is not known')).toBe(
      true,
    )
  })
})

describe('a write that fails', () => {
  test('has the log opened again once there is room, with all that was acknowledged', async () => {
    await using folder = await tempFolder()
    const clock = manualClock(new Date())
    const store = new FaultyStore(folder.path, clock)
    let freeBytes = 2000 * mebibyte
    const space = () => Promise.resolve({ freeBytes, totalBytes: 4000 * mebibyte })
    await using server = await startTestServer({ clock, space, openLog: () => store.open() })
    const append = (payload: string) => server.send('POST', '/v1/topics/a/events', payload)
    await append('1')
    await using source = await TestEventSource.open(`${server.url}/v1/topics/a/events`)
    await source.event()

    freeBytes = 0
    store.level.faults.write = () => Promise.reject(new Error('No space left on device'))
    expect((await append('2')).json['code']).toBe('GOETHE_WRITE_FAILED')
    expect(server.server.storeState).toMatchObject({ type: 'failed' })
    // This one was surely not done.
    expect((await append('3')).json).toMatchObject({ code: 'GOETHE_READ_ONLY' })
    expect((await server.get('/v1/topics/a/events')).json['events']).toHaveLength(1)
    expect(await server.get('/readyz')).toMatchObject({
      status: 503,
      json: { reasons: [expect.stringContaining('No space left on device')] },
    })
    clock.advance(5000)
    await until(async () => (await server.get('/metrics')).text.includes('_free_bytes 0'))
    expect(store.opened).toBe(1)

    freeBytes = 2000 * mebibyte
    clock.advance(5000)
    await until(() => server.server.storeState.type === 'open')
    expect(store.opened).toBe(2)
    // Who was reading is sent away, and finds everything when it comes again.
    expect(await source.event()).toBeUndefined()
    expect((await append('4')).status).toBe(200)
    const { json } = await server.get('/v1/topics/a/events')
    expect(json['events'].map(({ payload }: { payload: string }) => payload)).toEqual(['1', '4'])
    expect((await server.get('/readyz')).status).toBe(200)
  })

  test('a log that cannot be opened again is tried again and again', async () => {
    await using folder = await tempFolder()
    const clock = manualClock(new Date())
    const store = new FaultyStore(folder.path, clock)
    let attempts = 0
    const openLog = () => (++attempts === 2 ? Promise.reject(new Error('IO error')) : store.open())
    await using server = await startTestServer({ clock, openLog })
    store.level.faults.write = () => Promise.reject(new Error('IO error'))
    await server.send('POST', '/v1/topics/a/events', 'x')
    clock.advance(5000)
    await until(() => server.lines.some(({ msg }) => msg === 'The log could not be opened again'))
    expect(await server.get('/v1/topics')).toMatchObject({
      status: 503,
      json: { code: 'GOETHE_UNAVAILABLE' },
    })
    clock.advance(5000)
    await until(() => server.server.storeState.type === 'open')
    expect(attempts).toBe(3)
  })

  test('a store that is damaged stays open for reading', async () => {
    await using folder = await tempFolder()
    const clock = manualClock(new Date())
    const store = new FaultyStore(folder.path, clock)
    await using server = await startTestServer({ clock, openLog: () => store.open() })
    await server.send('POST', '/v1/topics/a/events', 'x')
    store.level.faults.write = () =>
      Promise.reject(new Error('Corruption: block checksum mismatch'))
    await server.send('POST', '/v1/topics/a/events', 'y')
    const ready = await server.get('/readyz')
    expect(ready).toMatchObject({ status: 200, json: { store: 'read-only' } })
    expect(ready.json['reasons'][0]).toContain('damaged')
    clock.advance(5000)
    expect((await server.get('/v1/topics/a/events')).json['events']).toHaveLength(1)
    expect(store.opened).toBe(1)
  })
})

describe('stopping', () => {
  test('what was accepted is finished and acknowledged', async () => {
    await using folder = await tempFolder()
    const level = new FaultyLevel(new ClassicLevel(folder.path))
    await using server = await startTestServer({ openLog: () => EventLog.open(level) })
    const { held, release } = holdNextWrite(level)
    const append = server.send('POST', '/v1/topics/a/events', 'x')
    await held
    const stopped = server.server.stop()
    // Stopping again is the same stop.
    expect(server.server.stop()).toBe(stopped)
    release()
    expect(await append).toMatchObject({ status: 200, json: { count: 1 } })
    await stopped
    expect(server.lines.at(-1)).toMatchObject({ msg: 'Goethe has stopped' })
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow('fetch failed')
    await using log = await EventLog.open(new ClassicLevel(folder.path))
    expect(await log.read('a').toArray()).toHaveLength(1)
  })

  test('a connection that is kept learns that the server stops, and that it is not ready', async () => {
    await using folder = await tempFolder()
    const level = new FaultyLevel(new ClassicLevel(folder.path))
    await using server = await startTestServer({ openLog: () => EventLog.open(level) })
    const { port } = new URL(server.url)
    const socket = connect(Number(port), '127.0.0.1')
    const text = readAll(socket)
    const { held, release } = holdNextWrite(level)
    // Pipelined: the second one waits for the first, and then the server is stopping.
    socket.write(
      'POST /v1/topics/a/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\nx',
    )
    await held
    const stopped = server.server.stop()
    socket.write('GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n')
    release()
    await stopped
    expect(await text).toContain('HTTP/1.1 200 OK')
  })

  test('what does not end within the deadline is cut off', async () => {
    await using folder = await tempFolder()
    const clock = manualClock(new Date())
    const level = new FaultyLevel(new ClassicLevel(folder.path))
    await using server = await startTestServer({ clock, openLog: () => EventLog.open(level) })
    const { held, release } = holdNextWrite(level)
    const append = server.send('POST', '/v1/topics/a/events', 'x').catch((error: unknown) => error)
    await held
    const stopped = server.server.stop({ deadlineMs: 1000 })
    clock.advance(1000)
    expect(await append).toBeInstanceOf(Error)
    release()
    await stopped
  })
})

describe('starting', () => {
  test('a name to listen on is one address of it', async () => {
    await using server = await startTestServer({ flags: { httpHost: 'localhost' } })
    const { host, port } = server.server.addresses.http
    const named = host.includes(':') ? `[${host}]` : host
    expect((await fetch(`http://${named}:${port}/livez`)).status).toBe(200)
  })

  test('a directory that another server has leaves nothing running', async () => {
    await using server = await startTestServer()
    const config = defaultConfig({ data: server.folder.path, ...ports })
    const lines: string[] = []
    const logger = createLogger(config.log, { write: (line: string) => void lines.push(line) })
    await expect(startServer(config, { logger })).rejects.toMatchObject({
      code: 'GOETHE_LOCKED' satisfies GoetheErrorCode,
      message: expect.stringContaining(String(process.pid)),
    })
    // What has never run has not stopped either.
    expect(lines).toEqual([])
  })

  test('a member of a cluster does not start on the log of a single server', async () => {
    await using folder = await tempFolder()
    await (await EventLog.open(new ClassicLevel(folder.path))).close()
    const single = defaultConfig({ data: folder.path, ...ports })
    const config: Config = { ...single, cluster: { ...single.cluster, mode: 'etcd' } }
    await expect(startServer(config, { logger: silent })).rejects.toMatchObject({
      code: 'GOETHE_INVALID_STORE',
      message: expect.stringContaining('holds the log of a single server'),
    })
  })

  test('a port that is taken is named, and the log is closed again', async () => {
    await using server = await startTestServer()
    await using folder = await tempFolder()
    const { port } = server.server.addresses.http
    const config = defaultConfig({ data: folder.path, 'grpc-port': 0, 'http-port': port })
    await expect(startServer(config, { logger: silent })).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: expect.stringContaining(`127.0.0.1:${port} (http.host, http.port)`),
    })
    await using _log = await EventLog.open(new ClassicLevel(folder.path))
  })

  test('a port of gRPC that is taken cuts off no connections of HTTP, as there are none', async () => {
    await using server = await startTestServer()
    await using folder = await tempFolder()
    const { port } = server.server.addresses.grpc
    const config = defaultConfig({ data: folder.path, 'grpc-port': port, 'http-port': 0 })
    const lines: string[] = []
    const logger = createLogger(config.log, { write: (line: string) => void lines.push(line) })
    await expect(startServer(config, { logger })).rejects.toMatchObject({
      message: expect.stringContaining(`127.0.0.1:${port} (grpc.host, grpc.port)`),
    })
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['HTTP listens'])
  })
})

describe('who calls', () => {
  test('is asked for each request, and gets its own log', async () => {
    await using server = await startTestServer({
      identify: ({ authorization }) => Promise.resolve({ name: String(authorization), grants: [] }),
      logFor: (log, { name }) => {
        return new Proxy(log, {
          get: (target, key) => {
            if (key === 'topics') return () => Promise.resolve([name])
            const value: unknown = Reflect.get(target, key, target)
            return typeof value === 'function' ? value.bind(target) : value
          },
        })
      },
    })
    const { json } = await server.get('/v1/topics', { authorization: 'Bearer x' })
    expect(json).toEqual({ topics: ['Bearer x'] })
  })

  test('may make limits.requestsPerSecond requests', async () => {
    const clock = manualClock(new Date())
    await using server = await startTestServer({ clock, flags: { limitsRequestsPerSecond: 2 } })
    const statuses = [await ask(), await ask(), await ask()]
    expect(statuses).toEqual([200, 200, 429])
    clock.advance(1000)
    expect(await ask()).toBe(200)
    async function ask(): Promise<number> {
      return (await server.get('/v1/topics')).status
    }
  })
})

async function readAll(socket: ReturnType<typeof connect>): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(socket, 'close')
  return text
}
