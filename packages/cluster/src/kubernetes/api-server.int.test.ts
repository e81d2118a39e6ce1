/** What is relied on of an API server: held to it are the fake one, and a real one that is named. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeApiServer } from '../../tests-support/fake-api-server.js'
import { realCluster, removeObject } from '../../tests-support/real-cluster.js'
import { KubernetesClient } from './kubernetes-client.js'
import { JsonLines } from './json-lines.js'
import { type KubernetesObject, leases, pathOf, queryOf } from './resource.js'

interface TestServer {
  client: KubernetesClient
  close(): Promise<void>
}

async function startFake(): Promise<TestServer> {
  const server = await FakeApiServer.start()
  // Real ones have forgotten their first versions.
  server.compact()
  const readCredentials = async (): Promise<object> => ({})
  const client = KubernetesClient.open({ server: server.url, namespace: 'poets', readCredentials })
  return {
    client,
    async close() {
      await client.close()
      await server.stop()
    },
  }
}

const cluster = await realCluster()
const servers: [string, () => Promise<TestServer>][] = [['the fake API server', startFake]]
if (cluster !== undefined) {
  const client = (): KubernetesClient => KubernetesClient.open(cluster)
  servers.push([
    'a real API server',
    async () => {
      const opened = client()
      return { client: opened, close: () => opened.close() }
    },
  ])
}

describe.each(servers)('%s', (_, start) => {
  let server: TestServer
  let client: KubernetesClient
  let name: string

  beforeEach(async () => {
    server = await start()
    client = server.client
    name = `goethe-test-${randomUUID()}`
  })

  afterEach(async () => {
    await removeObject(client, leases, name)
    await server.close()
  })

  /** The status and the reason of an answer, such as `409 Conflict`. */
  async function answer(
    method: 'POST' | 'PUT' | 'DELETE' | 'GET',
    path: string,
    body?: object,
  ): Promise<string> {
    const result = await client.connection.call({ method, path, body }, client.limits)
    const { reason = '' } = (result.status === undefined ? {} : result.body) as { reason?: string }
    return `${result.status} ${reason}`.trim()
  }

  const lease = (metadata: object = {}, spec: object = {}): object => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, ...metadata },
    spec,
  })
  const all = (): string => pathOf(leases, client.namespace)
  const one = (): string => pathOf(leases, client.namespace, name)

  async function created(): Promise<KubernetesObject> {
    expect(await answer('POST', all(), lease())).toBe('201')
    return (await client.get(leases, name))!
  }

  it('creates what does not exist, once', async () => {
    await created()
    expect(await answer('POST', all(), lease())).toBe('409 AlreadyExists')
  })

  it('lets one of two win that replace the same version', async () => {
    const { metadata } = await created()
    const replacing = ['a', 'b'].map((holderIdentity) =>
      answer('PUT', one(), lease(metadata, { holderIdentity })),
    )
    expect((await Promise.all(replacing)).sort()).toEqual(['200', '409 Conflict'])
  })

  it('replaces nothing without a version', async () => {
    await created()
    expect(await answer('PUT', one(), lease())).toBe('422 Invalid')
  })

  it('creates by a replacement without a uid', async () => {
    expect(await answer('PUT', one(), lease())).toBe('201')
    expect(await answer('PUT', one(), lease())).toBe('422 Invalid')
  })

  it('replaces nothing of another uid', async () => {
    const { metadata } = await created()
    expect(await answer('PUT', one(), lease({ ...metadata, uid: randomUUID() }))).toBe(
      '409 Conflict',
    )
  })

  it('keeps the version when a replacement changes nothing', async () => {
    const before = await created()
    expect(await answer('PUT', one(), before)).toBe('200')
    const { metadata } = (await client.get(leases, name))!
    expect(metadata.resourceVersion).toBe(before.metadata.resourceVersion)
  })

  it('takes an object only where it is said to be, and of the kind that is there', async () => {
    const wrong = [lease({ namespace: 'elsewhere' }), { ...lease(), kind: 'Pod' }]
    for (const object of wrong) expect(await answer('POST', all(), object)).toBe('400 BadRequest')
    const { metadata } = await created()
    expect(await answer('PUT', one(), lease({ ...metadata, name: 'other' }))).toBe('400 BadRequest')
  })

  it('takes annotations that are texts, of 256 KiB in all', async () => {
    const post = (annotation: unknown): Promise<string> =>
      answer('POST', all(), lease({ annotations: { a: annotation } }))
    expect(await post(5)).toBe('400 BadRequest')
    expect(await post('x'.repeat(256 * 1024))).toBe('422 Invalid')
    expect(await post('x'.repeat(4 * 1024 * 1024))).toBe('413 RequestEntityTooLarge')
    expect(await post('x'.repeat(256 * 1024 - 1))).toBe('201')
  })

  it('gives the same reason for an object and for an API that is not there', async () => {
    const path = pathOf({ ...leases, plural: 'nothing' }, client.namespace, name)
    expect(await answer('GET', path)).toBe('404 NotFound')
    expect(await answer('GET', one())).toBe('404 NotFound')
  })

  it('makes nothing anew that was deleted, by a version and the uid of it', async () => {
    const { metadata } = await created()
    expect(await answer('DELETE', one())).toBe('200')
    expect(await answer('PUT', one(), lease(metadata))).toBe('409 Conflict')
    expect(await answer('GET', one())).toBe('404 NotFound')
  })

  it('takes times with six digits of a second, and no others', async () => {
    const { metadata } = await created()
    const put = (renewTime: string): Promise<string> =>
      answer('PUT', one(), lease(metadata, { renewTime }))
    expect(await put('2026-01-02T03:04:05.678Z')).toBe('400 BadRequest')
    expect(await put('2026-01-02T03:04:05.678000Z')).toBe('200')
  })

  it('takes a duration of at least a second', async () => {
    const { metadata } = await created()
    const put = (leaseDurationSeconds: number): Promise<string> =>
      answer('PUT', one(), lease(metadata, { leaseDurationSeconds }))
    expect(await put(0)).toBe('422 Invalid')
    expect(await put(1)).toBe('200')
  })

  it('lists nothing from a version of the future', async () => {
    const { resourceVersion } = await client.list(leases, { name })
    const future = `${BigInt(resourceVersion) + 1_000_000_000n}`
    const path = all() + queryOf({ name }, { resourceVersion: future })
    expect(await answer('GET', path)).toMatch(/^504/)
  })

  it('ends a watch from a version that it has forgotten with an event that says so', async () => {
    const path = all() + queryOf({ name }, { watch: 'true', resourceVersion: '1' })
    const events: unknown[] = []
    let status = 0
    await new Promise<void>((resolve, reject) => {
      const lines = new JsonLines()
      client.connection.open(
        { method: 'GET', path },
        {
          limits: client.limits,
          onStatus: (answered) => {
            status = answered
          },
          onData: (bytes) => {
            events.push(...lines.push(bytes))
          },
          onEnd: resolve,
          onFailure: reject,
        },
      )
    })
    expect(status).toBe(200)
    expect(events).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }])
  })
})
