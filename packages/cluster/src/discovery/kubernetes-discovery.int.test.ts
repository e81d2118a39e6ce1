import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { TcpProxy } from '../../../client/tests-support/tcp-proxy.js'
import { FakeApiServer } from '../../tests-support/fake-api-server.js'
import {
  askForOlderSlices,
  realCluster,
  removeObject,
  throughProxy,
} from '../../tests-support/real-cluster.js'
import { KubernetesClient } from '../kubernetes/kubernetes-client.js'
import { endpointSlices } from '../kubernetes/resource.js'
import type { Peer } from './discovery.js'
import { discoveryConformance } from './discovery-conformance.js'
import { type EndpointSlice, KubernetesDiscovery } from './kubernetes-discovery.js'

const namespace = 'poets'

interface TestEndpoint {
  pod: string
  address: string
  conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean }
}

/** A slice as the controller of a headless Service writes it. */
function sliceOf(
  name: string,
  endpoints: readonly TestEndpoint[],
  { addressType = 'IPv4', service = 'goethe-peers', port = 'peer' } = {},
): EndpointSlice {
  return {
    addressType,
    metadata: { name, labels: { 'kubernetes.io/service-name': service } },
    endpoints: endpoints.map(({ pod, address, conditions = { ready: true } }) => ({
      addresses: [address],
      conditions,
      hostname: pod,
      targetRef: { kind: 'Pod', name: pod, namespace },
    })),
    ports: [
      { name: 'metrics', port: 9000 },
      { name: port, port: 1338 },
    ],
  }
}

function putSlice(server: FakeApiServer, ...slice: Parameters<typeof sliceOf>): void {
  server.put('endpointslices', namespace, slice[0], sliceOf(...slice))
}

const peerAt = (member: string, address: string, isTerminating = false): Peer => ({
  member,
  address,
  isTerminating,
})

function open(server: FakeApiServer): { discovery: KubernetesDiscovery; client: KubernetesClient } {
  const readCredentials = async (): Promise<object> => ({})
  const client = KubernetesClient.open({ server: server.url, namespace, readCredentials })
  return { discovery: new KubernetesDiscovery({ client, service: 'goethe-peers' }), client }
}

discoveryConformance({
  name: 'the EndpointSlices of a Service',
  isLive: true,
  describe,
  it,
  async start() {
    const server = await FakeApiServer.start()
    const { discovery, client } = open(server)
    putSlice(server, 'goethe-b', [{ pod: 'goethe-1', address: '10.0.0.1' }])
    putSlice(server, 'goethe-a', [{ pod: 'goethe-0', address: '10.0.0.2' }])
    putSlice(server, 'other', [{ pod: 'x', address: '10.0.0.9' }], { service: 'other' })
    return {
      discovery,
      initial: [peerAt('goethe-1', '10.0.0.1:1338'), peerAt('goethe-0', '10.0.0.2:1338')],
      async change() {
        putSlice(server, 'goethe-b', [{ pod: 'goethe-1', address: '10.0.0.3' }])
        return [peerAt('goethe-1', '10.0.0.3:1338'), peerAt('goethe-0', '10.0.0.2:1338')]
      },
      fail: async () => {
        server.refusesWith = 503
        server.endWatches()
      },
      heal: () => {
        server.refusesWith = undefined
      },
      async close() {
        await client.close()
        await server.stop()
      },
    }
  },
})

const cluster = await realCluster()
if (cluster !== undefined) {
  const { hostname, port } = new URL(cluster.server)
  discoveryConformance({
    name: 'the EndpointSlices of a real API server',
    isLive: true,
    describe,
    it,
    async start() {
      const service = `goethe-test-${randomUUID()}`
      const proxy = await TcpProxy.start(port === '' ? 443 : Number(port))
      proxy.targetHost = hostname
      const [direct, client] = [cluster, throughProxy(cluster, proxy.port)].map((access) =>
        KubernetesClient.open(access),
      ) as [KubernetesClient, KubernetesClient]
      await Promise.all([direct, client].map(askForOlderSlices))
      const slice = (name: string, pod: string, address: string): EndpointSlice =>
        sliceOf(`${service}-${name}`, [{ pod, address }], { service })
      const names = ['a', 'b']
      await direct.create(endpointSlices, slice('b', 'goethe-1', '10.0.0.1'))
      await direct.create(endpointSlices, slice('a', 'goethe-0', '10.0.0.2'))
      return {
        discovery: new KubernetesDiscovery({ client, service }),
        initial: [peerAt('goethe-1', '10.0.0.1:1338'), peerAt('goethe-0', '10.0.0.2:1338')],
        async change() {
          const { metadata } = (await direct.get(endpointSlices, `${service}-b`))!
          await direct.replace(endpointSlices, { ...slice('b', 'goethe-1', '10.0.0.3'), metadata })
          return [peerAt('goethe-1', '10.0.0.3:1338'), peerAt('goethe-0', '10.0.0.2:1338')]
        },
        fail: async () => {
          proxy.refuse()
          proxy.cut()
        },
        heal: () => {
          proxy.heal()
        },
        async close() {
          for (const name of names) await removeObject(direct, endpointSlices, `${service}-${name}`)
          await Promise.all([direct, client].map((opened) => opened.close()))
          await proxy.stop()
        },
      }
    },
  })
}

describe('of the EndpointSlices of a Service', () => {
  async function peersOf(prepare: (server: FakeApiServer) => void): Promise<readonly Peer[]> {
    await using server = await FakeApiServer.start()
    prepare(server)
    const { discovery, client } = open(server)
    try {
      return await discovery.peers()
    } finally {
      await client.close()
    }
  }

  it('those that are not ready are told, and those that end are marked', async () => {
    const peers = await peersOf((server) => {
      putSlice(server, 'a', [
        { pod: 'goethe-0', address: '10.0.0.1', conditions: { ready: false } },
        {
          pod: 'goethe-1',
          address: '10.0.0.2',
          conditions: { ready: false, serving: true, terminating: true },
        },
      ])
    })
    expect(peers).toEqual([
      peerAt('goethe-0', '10.0.0.1:1338'),
      peerAt('goethe-1', '10.0.0.2:1338', true),
    ])
  })

  it('a pod with addresses of both kinds is one peer, by IPv4', async () => {
    const peers = await peersOf((server) => {
      putSlice(server, 'a', [{ pod: 'goethe-0', address: 'fd00::1' }], { addressType: 'IPv6' })
      putSlice(server, 'b', [{ pod: 'goethe-0', address: '10.0.0.1' }])
      putSlice(server, 'c', [{ pod: 'goethe-1', address: 'fd00::2' }], { addressType: 'IPv6' })
    })
    expect(peers).toEqual([
      peerAt('goethe-0', '10.0.0.1:1338'),
      peerAt('goethe-1', '[fd00::2]:1338'),
    ])
  })

  it('a pod in two slices is where it does not end', async () => {
    const peers = await peersOf((server) => {
      putSlice(server, 'a', [
        { pod: 'goethe-0', address: '10.0.0.1', conditions: { terminating: true } },
      ])
      putSlice(server, 'b', [{ pod: 'goethe-0', address: '10.0.0.2' }])
    })
    expect(peers).toEqual([peerAt('goethe-0', '10.0.0.2:1338')])
  })

  it('one without the port of members says which port the Service has to have', async () => {
    await expect(
      peersOf((server) => {
        putSlice(server, 'a', [{ pod: 'goethe-0', address: '10.0.0.1' }], { port: 'grpc' })
      }),
    ).rejects.toThrow(
      'EndpointSlice a has no port named "peer", only "metrics", "grpc": give the Service a port ' +
        'of that name',
    )
  })

  it('the right that is missing is named', async () => {
    await expect(
      peersOf((server) => server.forbidden.add('list endpointslices')),
    ).rejects.toMatchObject({
      code: 'GOETHE_FORBIDDEN',
      message: expect.stringContaining(
        'apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"]',
      ) as string,
    })
  })
})
