/** A member of a cluster, as the server that runs it has it. */
import type { AbortSignalLike } from '@goethe/core'
import type { AppliedStore } from './applied-store.js'
import type { MembershipView } from './gossip/membership-view.js'
import type { ClusterMemberOptions } from './member/member-options.js'
import { MemberParts, nowMs } from './member/member-parts.js'
import type { ReplicaCounters } from './member/replica-driver.js'
import type { ReplicaStatus } from './replica/status.js'
import type { Replication } from './replicated-level.js'
import type { ForwardHandler, ListenCounters, PeerCounters } from './transport/peer-transport.js'

/** What a member knows of its cluster. */
export interface ClusterMemberStatus {
  readonly replica: ReplicaStatus
  readonly members: MembershipView
}

/** What a member has done since it was opened; all of it only grows. */
export interface ClusterCounters extends ReplicaCounters {
  /** Of the connections to each other member. */
  readonly peers: ReadonlyMap<string, Readonly<PeerCounters>>
  /** Of the connections that others made. */
  readonly listen: Readonly<ListenCounters>
}

export class ClusterMember {
  readonly #parts: MemberParts

  private constructor(parts: MemberParts) {
    this.#parts = parts
  }

  /**
   * Rejects with GOETHE_CORRUPT, GOETHE_FORMAT, GOETHE_LOCKED, GOETHE_UNAVAILABLE for an address, and
   * as the disk does. Closes coordinator and discovery then, as `close` does.
   */
  static async open(options: ClusterMemberOptions): Promise<ClusterMember> {
    let parts: MemberParts
    try {
      parts = await MemberParts.open(options)
    } catch (error) {
      await options.discovery.close()
      if ('read' in options.coordinator) await options.coordinator.close()
      throw error
    }
    try {
      await parts.listen()
      return new ClusterMember(parts)
    } catch (error) {
      await parts.close()
      throw error
    }
  }

  /** What readers see. It is another one after `onReplaced`. */
  get store(): AppliedStore {
    return this.#parts.storage.stores.current
  }

  /** The way of writes to all members. */
  get replication(): Replication {
    return this.#parts.replica
  }

  get status(): ClusterMemberStatus {
    return { replica: this.#parts.status, members: this.#parts.gossip.view }
  }

  /** What was counted since this member was opened. */
  get counters(): ClusterCounters {
    const { replica, transport } = this.#parts
    return {
      ...replica.counters,
      peers: transport.peerCounters(),
      listen: transport.listenCounters(),
    }
  }

  /** `host:port` at which other members reach this one. */
  get peerAddress(): string {
    return this.#parts.peerAddress
  }

  /**
   * For linearizable reads: resolves once the in-sync set confirmed who leads, and all that was
   * acknowledged before is applied here. Rejects with GOETHE_NOT_LEADER, GOETHE_UNAVAILABLE.
   */
  async confirm(): Promise<void> {
    await this.#parts.replica.confirm()
  }

  /**
   * Has another member carry out what callers have asked this one for, and gives its answer; see
   * `PeerTransport`.
   */
  forward(to: string, request: Uint8Array, signal?: AbortSignalLike): Promise<Uint8Array> {
    return this.#parts.transport.forward(to, request, signal)
  }

  /** The largest request that `forward` takes, in bytes. */
  get forwardBytesMax(): number {
    return this.#parts.transport.forwardBytesMax
  }

  /** Carries out what other members forward. Until it is set they are told to try again later. */
  onForward(handler: ForwardHandler): void {
    this.#parts.transport.onForward(handler)
  }

  /**
   * Calls back once readers see here what the entry has written, at once where they do; the function
   * returned takes it back.
   */
  whenApplied(lsn: number, callback: () => void): () => void {
    return this.#parts.replica.whenApplied(lsn, callback)
  }

  /** Gives the lead to another in-sync member. */
  handOver(): void {
    this.#parts.replica.input({ type: 'hand-over' })
  }

  /**
   * Takes a member's store out of the cluster: it leaves the in-sync set as soon as that may be smaller,
   * and joins no more, whoever leads, until it is admitted. With an empty directory the member may.
   */
  remove(member: string): void {
    const storeId = this.status.members.get(member)?.storeId
    this.#parts.replica.input({
      type: 'remove-member',
      member,
      ...(storeId !== undefined && { storeId }),
    })
  }

  /** Lets in again what was removed under this name. */
  admit(member: string): void {
    this.#parts.replica.input({ type: 'admit-member', member })
  }

  /** Wants at least so many stores in sync from now on; nothing comes of more than there are. */
  setMinInSync(minInSync: number): void {
    this.#parts.replica.input({ type: 'set-min-in-sync', minInSync })
  }

  /**
   * Leads although entries that were acknowledged may be missing here: an operator has decided it. It is
   * tried for `waitMs`; what the coordinator was asked for by then may still come about.
   */
  recover(waitMs: number): void {
    this.#parts.replica.input({ type: 'recover', deadlineMs: nowMs() + waitMs })
  }

  /**
   * Gives up the lead or the place in the in-sync set, waits so long for that, and closes all.
   * Idempotent.
   */
  close(deadlineMs = 0): Promise<void> {
    return this.#parts.close(deadlineMs)
  }
}
