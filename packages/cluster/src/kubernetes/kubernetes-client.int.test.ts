import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { manualClock } from '@goethe/core/testing'
import { FakeApiServer } from '../../tests-support/fake-api-server.js'
import type { Credentials } from './cluster-access.js'
import { KubernetesClient, type KubernetesClientOptions } from './kubernetes-client.js'
import { leases } from './resource.js'

const namespace = 'poets'

function open(
  server: Pick<FakeApiServer, 'url'>,
  options: KubernetesClientOptions = {},
  readCredentials: () => Promise<Credentials> = async () => ({}),
): KubernetesClient {
  return KubernetesClient.open({ server: server.url, namespace, readCredentials }, options)
}

const lease = (spec: object = {}) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'faust' },
  spec,
})

describe('a write', () => {
  it('conflicts when what is created exists', async () => {
    await using server = await FakeApiServer.start()
    const client = open(server)
    expect((await client.create(leases, lease())).outcome).toBe('written')
    expect(await client.create(leases, lease())).toEqual({ outcome: 'conflict' })
    await client.close()
  })

  it('conflicts when what is replaced has changed', async () => {
    await using server = await FakeApiServer.start()
    const client = open(server)
    await client.create(leases, lease())
    const read = (await client.get(leases, 'faust'))!
    const changed = { ...read, ...lease({ holderIdentity: 'mephisto' }), metadata: read.metadata }
    expect((await client.replace(leases, changed)).outcome).toBe('written')
    expect(await client.replace(leases, read)).toEqual({ outcome: 'conflict' })
    await client.close()
  })

  it.each([
    ['no resourceVersion', lease(), 'GOETHE_INVALID_ARGUMENT', /422 Invalid: .*must be specified/],
    [
      'three digits of a second',
      lease({ renewTime: new Date(0).toISOString() }),
      'GOETHE_INVALID_ARGUMENT',
      /400 BadRequest: .*parsing time/,
    ],
    ['no duration', lease({ leaseDurationSeconds: 0 }), 'GOETHE_INVALID_ARGUMENT', /422 Invalid/],
  ])('has failed with %s', async (_, object, code, message) => {
    await using server = await FakeApiServer.start()
    server.put('leases', namespace, 'faust', lease())
    const client = open(server)
    expect(await client.replace(leases, object)).toMatchObject({
      outcome: 'failed',
      error: { code, message: expect.stringMatching(message) as string },
    })
    await client.close()
  })

  it('has failed where nobody listens', async () => {
    const server = await FakeApiServer.start()
    await server.stop()
    const client = open(server)
    expect(await client.create(leases, lease())).toMatchObject({
      outcome: 'failed',
      error: {
        code: 'GOETHE_UNAVAILABLE',
        message: expect.stringContaining('ECONNREFUSED') as string,
      },
    })
    await client.close()
  })

  it('is unknown when the connection breaks before the answer', async () => {
    await using server = await FakeApiServer.start()
    const client = open(server)
    server.silent = true
    const arrived = server.nextRequest('create leases')
    const writing = client.create(leases, lease())
    await arrived
    await server.stop()
    expect((await writing).outcome).toBe('unknown')
    await client.close()
  })

  it('is unknown when no answer comes in time', async () => {
    await using server = await FakeApiServer.start()
    const clock = manualClock()
    const client = open(server, { clock, timeoutMs: 3000 })
    server.silent = true
    const arrived = server.nextRequest('create leases')
    const writing = client.create(leases, lease())
    await arrived
    clock.advance(3000)
    expect(await writing).toMatchObject({
      outcome: 'unknown',
      error: { message: `The API server at ${server.url} gave no answer in 3000 ms` },
    })
    await client.close()
  })
})

describe('credentials', () => {
  it('are read again after a minute, and not before', async () => {
    await using server = await FakeApiServer.start()
    const clock = manualClock()
    let reads = 0
    const client = open(server, { clock }, async () => {
      reads++
      return { token: 'a' }
    })
    await client.get(leases, 'faust')
    clock.advance(59_000)
    await client.get(leases, 'faust')
    expect(reads).toBe(1)
    clock.advance(1000)
    await client.get(leases, 'faust')
    expect(reads).toBe(2)
    await client.close()
  })

  it('are read again at once when the server does not take them', async () => {
    await using server = await FakeApiServer.start()
    server.token = 'new'
    let token = 'old'
    const client = open(server, {}, async () => ({ token }))
    await expect(client.get(leases, 'faust')).rejects.toMatchObject({
      code: 'GOETHE_UNAUTHENTICATED',
      message: expect.stringContaining('has expired or is of another cluster') as string,
    })
    token = 'new'
    expect(await client.get(leases, 'faust')).toBeUndefined()
    await client.close()
  })

  it('that cannot be read again for a while are used on', async () => {
    await using server = await FakeApiServer.start()
    server.token = 'a'
    const clock = manualClock()
    let isGone = false
    const client = open(server, { clock }, async () => {
      if (isGone) throw new Error('ENOENT')
      return { token: 'a' }
    })
    await client.get(leases, 'faust')
    isGone = true
    clock.advance(60_000)
    expect(await client.get(leases, 'faust')).toBeUndefined()
    await client.close()
  })

  it('that were never there fail a call with the reason', async () => {
    await using server = await FakeApiServer.start()
    const client = open(server, {}, () => Promise.reject(new Error('no such file')))
    await expect(client.get(leases, 'faust')).rejects.toThrow('no such file')
    await client.close()
  })
})

describe('a client', () => {
  it('says where it looked when there is no such API', async () => {
    await using server = await FakeApiServer.start()
    const client = open(server)
    const nothing = { group: 'poetry.example.org', version: 'v1', plural: 'poems' }
    await expect(client.get(nothing, 'faust')).rejects.toThrow(
      'finds nothing to get poems.poetry.example.org "faust" in namespace "poets": is there a ' +
        'namespace poets, and does it serve poetry.example.org/v1?',
    )
    expect(await client.replace(nothing, lease())).toMatchObject({ outcome: 'failed' })
    await client.close()
  })

  it('takes no page of something in between for an answer', async () => {
    const page = createServer((_, response) => response.end('<h1>Sign in</h1>'))
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
    const { port } = page.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const client = open({ url })
    await expect(client.list(leases, {})).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: expect.stringContaining('(200: <h1>Sign in</h1>)') as string,
    })
    expect((await client.create(leases, lease())).outcome).toBe('unknown')
    await client.close()
    await new Promise((resolve) => page.close(resolve))
  })

  it('ends its own calls alone when it is a scope of another', async () => {
    await using server = await FakeApiServer.start()
    const client = open(server)
    const scope = client.scope()
    server.silent = true
    const reading = scope.get(leases, 'faust')
    await scope.close()
    await expect(reading).rejects.toMatchObject({ code: 'GOETHE_CLOSED' })
    server.silent = false
    expect(await client.get(leases, 'faust')).toBeUndefined()
    await client.close()
  })
})
