/**
 * Another program's elector on a Lease, which does what client-go's `leaderelection` on a `LeaseLock`
 * does: the same requests in the same order with the same fields, and the same decisions. It knows
 * nothing of annotations, and leaves them as they are: what it got it sends back with another spec.
 *
 * It is held valid by its own clock since it last saw the *spec* change.
 */
import type { KubernetesClient, WriteOutcome } from '../src/kubernetes/kubernetes-client.js'
import { leases } from '../src/kubernetes/resource.js'
import type { Lease } from '../src/coordinator/lease-record.js'

/** client-go's `LeaderElectionRecord`. */
interface ElectionRecord {
  holderIdentity: string
  leaseDurationSeconds: number
  acquireTime: string | undefined
  renewTime: string | undefined
  leaderTransitions: number
}

export interface ClientGoElectorOptions {
  readonly client: KubernetesClient
  readonly name: string
  readonly identity: string
  /** Its own monotonic clock, in milliseconds. */
  nowMs(): number
  /** client-go's default: 15. */
  readonly leaseDurationSeconds?: number
}

export class ClientGoElector {
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

  /** Who holds it as far as this one has seen. */
  get holder(): string | undefined {
    return this.#observed?.holderIdentity
  }

  /** One round, as client-go makes one every `RetryPeriod` (2 s); whether it holds the Lease now. */
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
    const raw = JSON.stringify(old)
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

  /** What it does at its end with `ReleaseOnCancel`. */
  async release(): Promise<boolean> {
    if (!this.isLeader) return true
    const now = timeOf(this.#options.nowMs())
    return this.#update({
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: now,
      acquireTime: now,
      leaderTransitions: this.#observed!.leaderTransitions,
    })
  }

  get #isValid(): boolean {
    const { leaseDurationSeconds } = this.#observed!
    return this.#observedMs + leaseDurationSeconds * 1000 > this.#options.nowMs()
  }

  async #create(record: ElectionRecord): Promise<boolean> {
    const { client, name } = this.#options
    const written = await client.create<Lease>(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name },
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
