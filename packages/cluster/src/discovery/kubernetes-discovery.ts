/**
 * Peers that the EndpointSlices of a headless Service name. The Service has to publish addresses
 * that are not ready (`publishNotReadyAddresses: true`): members find each other to become ready.
 */
import { type AbortSignalLike, GoetheError } from '@goethe/core'
import type { KubernetesClient } from '../kubernetes/kubernetes-client.js'
import { listWatch } from '../kubernetes/list-watch.js'
import { type KubernetesObject, type Selector, endpointSlices } from '../kubernetes/resource.js'
import type { Discovery, Peer } from './discovery.js'
import { addressOf, onlyNews, peerList } from './peer-list.js'

export interface KubernetesDiscoveryOptions {
  /** Stays open when the discovery closes. */
  client: KubernetesClient
  /** The name of the Service, in the client's namespace. */
  service: string
  /** The name of the Service's port for members, as slices carry it. Default: peer. */
  portName?: string
  /** Why nothing new is known for now, for logs. */
  onProblem?: (error: GoetheError) => void
}

/** As much of one as is read here. */
export interface EndpointSlice extends KubernetesObject {
  addressType?: string
  endpoints?:
    | {
        addresses?: string[]
        conditions?: { terminating?: boolean | null }
        hostname?: string | null
        targetRef?: { kind?: string; name?: string } | null
      }[]
    | null
  ports?: { name?: string | null; port?: number | null }[] | null
}

export class KubernetesDiscovery implements Discovery {
  readonly #client: KubernetesClient
  readonly #selector: Selector
  readonly #portName: string
  readonly #onProblem: ((error: GoetheError) => void) | undefined

  constructor({ client, service, portName = 'peer', onProblem }: KubernetesDiscoveryOptions) {
    this.#client = client.scope()
    this.#selector = { labels: { 'kubernetes.io/service-name': service } }
    this.#portName = portName
    this.#onProblem = onProblem
  }

  async peers(signal?: AbortSignalLike): Promise<readonly Peer[]> {
    const { items } = await this.#client.list<EndpointSlice>(endpointSlices, this.#selector, signal)
    return peersOfSlices(items, this.#portName)
  }

  watch(onPeers: (peers: readonly Peer[]) => void): () => void {
    const report = onlyNews(onPeers)
    const onProblem = this.#onProblem
    return listWatch<EndpointSlice>(this.#client, endpointSlices, this.#selector, {
      onObjects: (slices) => {
        try {
          report(peersOfSlices(slices, this.#portName))
        } catch (error) {
          onProblem?.(error as GoetheError)
        }
      },
      ...(onProblem !== undefined && { onProblem }),
    })
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

/** A Service has many slices: one an address family at least, and one for each hundred endpoints. */
function peersOfSlices(slices: readonly EndpointSlice[], portName: string): readonly Peer[] {
  // IPv4 first: of a member with two addresses the first is kept.
  const sorted = [...slices].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  return peerList(sorted.flatMap((slice) => peersOfSlice(slice, portName)))
}

function orderOf({ addressType = '', metadata }: EndpointSlice): string {
  return `${addressType} ${metadata.name}`
}

function peersOfSlice({ endpoints, ports, metadata }: EndpointSlice, portName: string): Peer[] {
  if (endpoints === undefined || endpoints === null || endpoints.length === 0) return []
  const port = ports?.find(({ name }) => name === portName)?.port
  if (port === undefined || port === null) {
    const names = (ports ?? []).map(({ name }) => JSON.stringify(name ?? '')).join(', ')
    throw new GoetheError(
      'GOETHE_UNAVAILABLE',
      `EndpointSlice ${metadata.name} has no port named ${JSON.stringify(portName)}, only ` +
        `${names || 'none'}: give the Service a port of that name`,
    )
  }
  return endpoints.flatMap(({ addresses = [], conditions, hostname, targetRef }) => {
    const member = targetRef?.kind === 'Pod' ? targetRef.name : (hostname ?? undefined)
    const isTerminating = conditions?.terminating === true
    // All addresses of one endpoint are the same place.
    return addresses
      .slice(0, 1)
      .map((host) => ({ member, address: addressOf(host, port), isTerminating }))
  })
}
