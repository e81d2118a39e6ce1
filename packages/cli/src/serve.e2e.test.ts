import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { hashToken, newToken } from '@goethe/server'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { resultOf, startGoethe } from '../tests-support/goethe-process.js'
import { runGoethe } from '../tests-support/run-goethe.js'
import { temporaryFolder } from '../tests-support/temporary-folder.js'

const anyPorts = ['--grpc-port', '0', '--http-port', '0']
let data: string

beforeEach(async () => {
  const { folder, remove } = await temporaryFolder()
  data = join(folder, 'log')
  return remove
})

test('a server is started, used by others and ended', async () => {
  const server = startGoethe(['serve', '--data', data, ...anyPorts])
  const environment = { GOETHE_SERVER: await addressOf(server) }

  const appended = await resultOf(startGoethe(['append', 'orders', 'Faust'], environment))
  expect(JSON.parse(appended.stdout)).toMatchObject({ topic: 'orders', durability: 'fsync' })

  const reading = startGoethe(['read', 'orders', '--follow', '--payloads'], environment)
  await once(reading.stdout, 'data')
  reading.kill('SIGINT')
  expect(await resultOf(reading)).toMatchObject({ code: 130, stderr: '' })

  const doctor = await resultOf(startGoethe(['doctor', '--text'], environment))
  expect(doctor).toMatchObject({ code: 0, stderr: '' })

  const other = await resultOf(startGoethe(['serve', '--data', data, ...anyPorts]))
  expect(other.code).toBe(1)
  expect(other.stderr).toContain('is open already')
  if (existsSync('/proc/locks')) expect(other.stderr).toContain(`by process ${server.pid} `)

  server.kill('SIGTERM')
  expect(await resultOf(server)).toMatchObject({ code: 0, stderr: '' })
})

test('SIGHUP makes a server take over the callers that its configuration has now', async () => {
  const { folder, remove } = await temporaryFolder()
  const config = join(folder, 'goethe.yaml')
  const [one, other] = [newToken(), newToken()]
  const known = (token: string): Promise<void> => {
    const grants = [{ topics: '*', rights: ['read'] }]
    const tokens = [{ name: 'me', sha256: hashToken(token), grants }]
    return writeFile(config, JSON.stringify({ auth: { tokens } }))
  }
  await known(one)
  const server = startGoethe(['serve', '--data', data, '--config', config, ...anyPorts])
  onTestFinished(() => {
    server.kill('SIGKILL')
    return remove()
  })
  const lines = logOf(server)
  const { http } = await lines('Goethe is ready')
  const { host, port } = http as { host: string; port: number }
  const statusFor = async (token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`http://${host}:${port}/v1/status`, { headers })).status
  }
  const after = async (message: string): Promise<unknown[]> => {
    server.kill('SIGHUP')
    const { problems } = await lines(message)
    return [problems, await statusFor(one), await statusFor(other)]
  }
  expect([await statusFor(one), await statusFor(other)]).toEqual([200, 401])

  await known(other)
  const message = 'From now on callers are known as the configuration says'
  expect(await after(message)).toEqual([undefined, 401, 200])

  await writeFile(config, '{ "auth": { "tokens": [{ "name": "me"')
  const broken = 'The configuration cannot be used; callers are known as before'
  expect(await after(broken)).toEqual([
    expect.arrayContaining([expect.stringContaining('is neither YAML nor JSON')]),
    401,
    200,
  ])
  await writeFile(config, '')
  expect(await after(broken)).toEqual([
    [expect.stringContaining('everybody could do everything')],
    401,
    200,
  ])

  server.kill('SIGTERM')
  expect(await resultOf(server)).toMatchObject({ code: 0, stderr: '' })
})

test('on a terminal it says where it listens and what to type next', async () => {
  const { code, stdout, stderr } = await runGoethe(['serve', '--data', data, ...anyPorts], {
    terminal: true,
    interruptAt: 'Goethe is ready',
  })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info +Goethe is ready/m)
  expect(stderr).toMatch(/^ {2}gRPC {2}goethe:\/\/127\.0\.0\.1:\d+$/m)
  expect(stderr).toContain('It listens on loopback only')
  expect(stderr).toMatch(/goethe read orders --follow --server goethe:\/\/127\.0\.0\.1:\d+$/m)
})

test('what `npm start` runs says what to type next wherever its output goes', async () => {
  const { stdout, stderr } = await runGoethe(['serve', '--data', data, ...anyPorts], {
    environment: { npm_lifecycle_event: 'start', npm_command: 'run-script' },
    interruptAt: 'Goethe is ready',
  })
  expect(stdout).toContain('"Goethe is ready"')
  expect(stderr).toContain("npx goethe append orders '")
})

test('a configuration is printed as it counts: flags, then environment, then defaults', async () => {
  const { stdout } = await runGoethe(['serve', '--print-config', '--grpc-port', '4000'], {
    environment: { GOETHE_GRPC_PORT: '3000', GOETHE_HTTP_PORT: '3001', GOETHE_SERVER: 'ignored' },
  })
  expect(stdout).toMatch(/^ {2}port: 4000$/m)
  expect(stdout).toMatch(/^ {2}port: 3001$/m)
  expect(stdout).toMatch(/^data: \.\/goethe-data$/m)
})

test('what is wrong in a configuration is told as a whole', async () => {
  const { code, stderr } = await runGoethe(['serve', '--grpc-port', 'x', '--durability', 'maybe'])
  expect(code).toBe(2)
  expect(stderr).toContain("\n  --grpc-port is 'x'")
  expect(stderr).toContain("\n  --durability is 'maybe'")
})

test('every setting has a flag, and the help tells it', async () => {
  const { settings } = await import('@goethe/server')
  const { stdout } = await runGoethe(['serve', '--help'])
  for (const { flag, default: value } of settings()) {
    expect(stdout).toContain(value === true ? flag.replace('--', '--no-') : flag)
  }
})

/** Where a server listens that runs in another process. */
async function addressOf(server: ChildProcessWithoutNullStreams): Promise<string> {
  const { grpc } = await logOf(server)('Goethe is ready')
  const { host, port } = grpc as { host: string; port: number }
  return `goethe://${host}:${port}`
}

/** Gives the next line with that message of the log of a server that runs in another process. */
function logOf(
  server: ChildProcessWithoutNullStreams,
): (message: string) => Promise<Record<string, unknown>> {
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
  return async (message) => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`The server has ended before it said '${message}'`)
      const line = JSON.parse(value) as Record<string, unknown>
      if (line['msg'] === message) return line
    }
  }
}
