/** A coordinator on one Lease of Kubernetes, whose `resourceVersion` is the token. */
import { type AbortSignalLike, type GoetheError } from '@goethe/core'
import type { KubernetesClient } from '../kubernetes/kubernetes-client.js'
import { listWatch } from '../kubernetes/list-watch.js'
import { leases } from '../kubernetes/resource.js'
import type { ClusterRecord } from '../record.js'
import type { ChangeOutcome, Coordinator, VersionedRecord } from './coordinator.js'
import { type Lease, leaseOf, recordOfLease } from './lease-record.js'
import { checkRecord } from './record-bounds.js'

export interface LeaseCoordinatorOptions {
  /** Stays open when the coordinator closes. */
  client: KubernetesClient
  /** The name of the Lease, in the client's namespace. Default: goethe. */
  name?: string
  /** Why a watch hears nothing for now, for logs. */
  onProblem?: (error: GoetheError) => void
}

export class LeaseCoordinator implements Coordinator {
  readonly #client: KubernetesClient
  readonly #name: string
  readonly #where: string
  readonly #onProblem: ((error: GoetheError) => void) | undefined
  /** What others have put on the Lease, such as labels, is written back as it was last seen. */
  #seen: Lease | undefined

  constructor({ client, name = 'goethe', onProblem }: LeaseCoordinatorOptions) {
    this.#client = client.scope()
    this.#name = name
    this.#where = `lease "${name}" in namespace "${client.namespace}"`
    this.#onProblem = onProblem
  }

  async read(signal?: AbortSignalLike): Promise<VersionedRecord | undefined> {
    const lease = await this.#client.get<Lease>(leases, this.#name, signal)
    if (lease === undefined) return undefined
    this.#seen = lease
    return { ...recordOfLease(lease, this.#where), token: tokenOf(lease) }
  }

  change(token: string | undefined, record: ClusterRecord): Promise<ChangeOutcome> {
    checkRecord(record)
    return token === undefined ? this.#create(record) : this.#replace(token, record)
  }

  watch(onChange: () => void): () => void {
    const onProblem = this.#onProblem
    return listWatch(
      this.#client,
      leases,
      { name: this.#name },
      { onObjects: onChange, ...(onProblem !== undefined && { onProblem }) },
    )
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #create(record: ClusterRecord): Promise<ChangeOutcome> {
    const metadata = { name: this.#name }
    return this.#outcomeOf(await this.#client.create(leases, leaseOf(record, { metadata })))
  }

  async #replace(token: string, record: ClusterRecord): Promise<ChangeOutcome> {
    let lease = this.#seen
    if (lease?.metadata.resourceVersion !== token) {
      try {
        lease = await this.#client.get<Lease>(leases, this.#name)
      } catch (cause) {
        return { outcome: 'failed', cause }
      }
      if (lease?.metadata.resourceVersion !== token) return { outcome: 'refused' }
    }
    // With its uid, or else a Lease that was deleted meanwhile would come into being again.
    return this.#outcomeOf(await this.#client.replace(leases, leaseOf(record, lease)))
  }

  #outcomeOf(written: Awaited<ReturnType<KubernetesClient['create']>>): ChangeOutcome {
    switch (written.outcome) {
      case 'written':
        this.#seen = written.object
        return { outcome: 'changed', token: tokenOf(written.object) }
      case 'conflict':
        return { outcome: 'refused' }
      case 'failed':
      case 'unknown':
        return { outcome: written.outcome, cause: written.error }
    }
  }
}

function tokenOf({ metadata }: Pick<Lease, 'metadata'>): string {
  return metadata.resourceVersion ?? ''
}
