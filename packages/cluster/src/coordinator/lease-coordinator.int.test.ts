import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { FakeApiServer } from '../../tests-support/fake-api-server.js'
import { proxiedSubject } from '../../tests-support/proxied-subject.js'
import { realCluster, removeObject, throughProxy } from '../../tests-support/real-cluster.js'
import { KubernetesClient } from '../kubernetes/kubernetes-client.js'
import { leases } from '../kubernetes/resource.js'
import { coordinatorConformance } from './coordinator-conformance.js'
import { LeaseCoordinator } from './lease-coordinator.js'
import { sample } from './record-samples.js'

const namespace = 'poets'

function clientOf(url: string): KubernetesClient {
  return KubernetesClient.open({ server: url, namespace, readCredentials: async () => ({}) })
}

coordinatorConformance({
  name: 'on a Lease of the fake API server',
  describe,
  it,
  async start() {
    const server = await FakeApiServer.start()
    return proxiedSubject({
      port: server.port,
      open(port, clock) {
        const client = KubernetesClient.open(
          { server: `http://127.0.0.1:${port}`, namespace, readCredentials: async () => ({}) },
          clock && { clock },
        )
        const coordinator = new LeaseCoordinator({ client })
        const close = async (): Promise<void> => {
          await coordinator.close()
          await client.close()
        }
        return { coordinator, close }
      },
      restart: async () => {
        await server.stop()
        await server.listen()
      },
      close: () => server.stop(),
    })
  },
})

const cluster = await realCluster()
if (cluster !== undefined) {
  coordinatorConformance({
    name: 'on a Lease of a real cluster',
    describe,
    it,
    async start() {
      const name = `goethe-test-${randomUUID()}`
      const direct = KubernetesClient.open(cluster)
      const { hostname: host, port } = new URL(cluster.server)
      return proxiedSubject({
        host,
        port: port === '' ? 443 : Number(port),
        open(proxyPort, clock) {
          const access = throughProxy(cluster, proxyPort)
          const client = KubernetesClient.open(access, clock && { clock })
          const coordinator = new LeaseCoordinator({ client, name })
          const close = async (): Promise<void> => {
            await coordinator.close()
            await client.close()
          }
          return { coordinator, close }
        },
        async close() {
          await removeObject(direct, leases, name)
          await direct.close()
        },
      })
    },
  })
}

describe('the Lease', () => {
  it('explains the cluster to a person', async () => {
    await using server = await FakeApiServer.start()
    const client = clientOf(server.url)
    await new LeaseCoordinator({ client }).change(undefined, sample())
    expect(server.stored('leases', namespace, 'goethe')).toMatchObject({
      metadata: {
        annotations: {
          'goethe.typusomega.io/about':
            'The record of a Goethe cluster, changed by its members alone',
          'goethe.typusomega.io/format': '1',
          'goethe.typusomega.io/cluster-id': '6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0a001',
          'goethe.typusomega.io/epoch': '1',
          'goethe.typusomega.io/leader': 'goethe-0',
          'goethe.typusomega.io/leader-store-id': '6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0b000',
          'goethe.typusomega.io/leader-incarnation': '6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0c000',
          'goethe.typusomega.io/leader-address': '10.1.2.3:1337',
          'goethe.typusomega.io/in-sync':
            'goethe-0 6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0b000\n' +
            'goethe-1 6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0b001',
          'goethe.typusomega.io/min-in-sync': '2',
          'goethe.typusomega.io/lease-duration-ms': '15000',
        },
      },
      spec: {
        holderIdentity: 'goethe-0',
        leaseTransitions: 1,
        leaseDurationSeconds: 15,
        acquireTime: '2026-01-02T03:04:05.678000Z',
        renewTime: '2026-01-02T03:04:05.678000Z',
      },
    })
    await client.close()
  })

  it('keeps the labels and annotations that others have put on it', async () => {
    await using server = await FakeApiServer.start()
    const client = clientOf(server.url)
    const coordinator = new LeaseCoordinator({ client })
    await coordinator.change(undefined, sample())
    const stored = server.stored('leases', namespace, 'goethe')!
    const { annotations } = stored.metadata
    server.put('leases', namespace, 'goethe', {
      ...stored,
      metadata: {
        ...stored.metadata,
        labels: { app: 'x' },
        annotations: { ...annotations, y: 'z' },
      },
    })
    const read = await coordinator.read()
    expect(await coordinator.change(read?.token, sample({ leader: undefined }))).toMatchObject({
      outcome: 'changed',
    })
    const { metadata } = server.stored('leases', namespace, 'goethe')!
    expect(metadata.labels).toEqual({ app: 'x' })
    expect(metadata.annotations).toHaveProperty('y', 'z')
    expect(metadata.annotations).not.toHaveProperty('goethe.typusomega.io/leader')
    await client.close()
  })

  it('is not made anew by a change when it was deleted', async () => {
    await using server = await FakeApiServer.start()
    const client = clientOf(server.url)
    const coordinator = new LeaseCoordinator({ client })
    await coordinator.change(undefined, sample())
    const token = (await coordinator.read())!.token
    server.put('leases', namespace, 'goethe')
    expect(await coordinator.change(token, sample({ epoch: 2 }))).toEqual({ outcome: 'refused' })
    expect(await coordinator.read()).toBeUndefined()
    await client.close()
  })

  /** What reading a Lease says that was changed by hand. */
  async function readOf(change: (lease: any) => void): Promise<string> {
    await using server = await FakeApiServer.start()
    const client = clientOf(server.url)
    const coordinator = new LeaseCoordinator({ client })
    await coordinator.change(undefined, sample())
    const lease = structuredClone(server.stored('leases', namespace, 'goethe'))
    change(lease)
    server.put('leases', namespace, 'goethe', lease)
    const outcome = await coordinator.read().catch((error: Error) => error)
    await client.close()
    const { code, message } = outcome as { code?: string; message?: string }
    return `${code}: ${message}`
  }

  it('is refused when it is of somebody else', async () => {
    const said = await readOf((lease) => {
      lease.metadata.annotations = {}
      lease.spec.holderIdentity = 'kube-scheduler'
    })
    expect(said).toBe(
      'GOETHE_CORRUPT: What is in lease "goethe" in namespace "poets" is no record of a Goethe ' +
        'cluster: it has no annotation goethe.typusomega.io/format, and is held by ' +
        'kube-scheduler. Name another place for the record, or remove what is there if nobody ' +
        'needs it',
    )
  })

  it('is refused when a later version wrote it', async () => {
    const said = await readOf((lease) => {
      lease.metadata.annotations['goethe.typusomega.io/format'] = '2'
    })
    expect(said).toMatch(
      /^GOETHE_FORMAT: .* has format 2, and this version knows 1: run the version/,
    )
  })

  it('is refused when somebody else took its renewTime away', async () => {
    const said = await readOf((lease) => {
      lease.spec.renewTime = null
    })
    expect(said).toMatch(/renewTimeMs a whole number .* got NaN/)
  })

  it('is refused when there is no epoch left', async () => {
    const said = await readOf((lease) => {
      lease.spec.leaseTransitions = 2 ** 31 - 1
    })
    expect(said).toMatch(/^GOETHE_CORRUPT: .* it says that there were 2147483647 leaders/)
  })

  it('says which right is missing', async () => {
    await using server = await FakeApiServer.start()
    const client = clientOf(server.url)
    const coordinator = new LeaseCoordinator({ client })
    for (const verb of ['get', 'create', 'update']) server.forbidden.add(`${verb} leases`)
    await expect(coordinator.read()).rejects.toMatchObject({
      code: 'GOETHE_FORBIDDEN',
      message: expect.stringContaining(
        'does not let us get leases.coordination.k8s.io "goethe" in namespace "poets": give our ' +
          'service account a Role in namespace poets with apiGroups: ["coordination.k8s.io"], ' +
          'resources: ["leases"], verbs: ["get"]',
      ) as string,
    })
    expect(await coordinator.change(undefined, sample())).toMatchObject({
      outcome: 'failed',
      cause: { code: 'GOETHE_FORBIDDEN' },
    })
    await client.close()
  })

  it('has an unknown outcome when the API server gave up waiting for its own store', async () => {
    await using server = await FakeApiServer.start()
    const client = clientOf(server.url)
    const coordinator = new LeaseCoordinator({ client })
    server.answersWritesWith = 504
    expect((await coordinator.change(undefined, sample())).outcome).toBe('unknown')
    expect((await coordinator.read())?.record).toEqual(sample())
    await client.close()
  })
})
