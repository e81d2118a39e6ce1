/**
 * Does what client-go's `leaderelection` on a `LeaseLock` does (0.36, with which it was compared): the
 * same requests in the same order with the same fields, and the same decisions. It knows nothing of
 * annotations, and leaves them as they are: what it got it sends back with another spec.
 *
 * It holds the Lease for valid by its own clock since it last saw the *spec* change.
 */
import type { KubernetesClient, WriteOutcome } from '../src/kubernetes/kubernetes-client.js'
import { leases } from '../src/kubernetes/resource.js'
import type { Lease } from '../src/coordinator/lease-record.js'
import type { Elector, ElectorOptions } from './elector.js'

/** client-go's `LeaderElectionRecord`. */
interface ElectionRecord {
  holderIdentity: string
  leaseDurationSeconds: number
  acquireTime: string | undefined
  renewTime: string | undefined
  leaderTransitions: number
}

export interface ClientGoElectorOptions extends ElectorOptions {
  readonly client: KubernetesClient
  /** client-go's default: 15. */
  readonly leaseDurationSeconds?: number
}

export class ClientGoElector implements Elector {
  readonly #options: ClientGoElectorOptions
  #lease: Lease | undefined
  #observed: ElectionRecord | undefined
  #observedRaw = ''
  #observedMs = 0

  constructor(options: ClientGoElectorOptions) {
    this.#options = options
  }

  get isLeader(): boolean {
    return this.#observed?.holderIdentity === this.#options.identity
  }

  get holder(): string | undefined {
    return this.#observed?.holderIdentity
  }

  async tryAcquireOrRenew(): Promise<boolean> {
    const { client, name, identity, nowMs, leaseDurationSeconds = 15 } = this.#options
    const now = timeOf(nowMs())
    const record: ElectionRecord = {
      holderIdentity: identity,
      leaseDurationSeconds,
      renewTime: now,
      acquireTime: now,
      leaderTransitions: 0,
    }
    // 1. Who holds it does not get first, but updates what it has.
    if (this.isLeader && this.#isValid) {
      const { acquireTime, leaderTransitions } = this.#observed!
      const renewed = { ...record, acquireTime, leaderTransitions }
      if (await this.#update(renewed)) return true
    }
    // 2. It gets, and creates where there is none.
    const lease = await client.get<Lease>(leases, name)
    if (lease === undefined) return this.#create(record)
    this.#lease = lease
    const old = electionRecordOf(lease)
    const raw = rawOf(old)
    if (raw !== this.#observedRaw) {
      this.#observe(old)
      this.#observedRaw = raw
    }
    if (old.holderIdentity !== '' && this.#isValid && !this.isLeader) return false
    // 3. It updates.
    if (this.isLeader) {
      record.acquireTime = old.acquireTime
      record.leaderTransitions = old.leaderTransitions
    } else {
      record.leaderTransitions = old.leaderTransitions + 1
    }
    return this.#update(record)
  }

  async release(): Promise<boolean> {
    const { client, name, nowMs } = this.#options
    const lease = await client.get<Lease>(leases, name)
    if (lease === undefined) return false
    this.#lease = lease
    if (!this.isLeader) return true
    const now = timeOf(nowMs())
    return this.#update({
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: now,
      acquireTime: now,
      leaderTransitions: electionRecordOf(lease).leaderTransitions,
    })
  }

  async close(): Promise<void> {}

  get #isValid(): boolean {
    const { leaseDurationSeconds } = this.#observed!
    return this.#observedMs + leaseDurationSeconds * 1000 > this.#options.nowMs()
  }

  async #create(record: ElectionRecord): Promise<boolean> {
    const { client, name } = this.#options
    const written = await client.create<Lease>(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: client.namespace },
      spec: specOf(record),
    })
    return this.#written(written, record)
  }

  async #update(record: ElectionRecord): Promise<boolean> {
    const lease = { ...this.#lease!, spec: specOf(record) }
    return this.#written(await this.#options.client.replace<Lease>(leases, lease), record)
  }

  #written(written: WriteOutcome<Lease>, record: ElectionRecord): boolean {
    if (written.outcome !== 'written') return false
    this.#lease = written.object
    this.#observe(record)
    return true
  }

  #observe(record: ElectionRecord): void {
    this.#observed = record
    this.#observedMs = this.#options.nowMs()
  }
}

/** `LeaseSpecToLeaderElectionRecord`. */
function electionRecordOf({ spec = {} }: Lease): ElectionRecord {
  return {
    holderIdentity: spec.holderIdentity ?? '',
    leaseDurationSeconds: spec.leaseDurationSeconds ?? 0,
    acquireTime: spec.acquireTime ?? undefined,
    renewTime: spec.renewTime ?? undefined,
    leaderTransitions: spec.leaseTransitions ?? 0,
  }
}

/** By which it sees a change: times are compared by the second. */
function rawOf({ acquireTime, renewTime, ...others }: ElectionRecord): string {
  const second = (time: string | undefined): string | undefined => time?.replace(/\.\d+/, '')
  return JSON.stringify([others, second(acquireTime), second(renewTime)])
}

/** `LeaderElectionRecordToLeaseSpec`: all five fields, and no other. */
function specOf(record: ElectionRecord): NonNullable<Lease['spec']> {
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime } = record
  return {
    holderIdentity,
    leaseDurationSeconds,
    acquireTime: acquireTime ?? null,
    renewTime: renewTime ?? null,
    leaseTransitions: record.leaderTransitions,
  }
}

/** MicroTime, as Go writes it. */
function timeOf(ms: number): string {
  return new Date(Date.UTC(2026, 0, 1) + ms).toISOString().replace('Z', '000Z')
}
