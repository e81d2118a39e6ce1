/** The few facts that a member must not forget at a restart, and their way to the disk (rule 2). */
import type { Effect } from './effect.js'
import type { Rules } from './rules.js'

/** What is persisted, apart from the journal and the store. */
export interface DurableFacts {
  /** Absent as long as this store has never belonged to a cluster. */
  readonly clusterId?: string | undefined
  /** The highest epoch that is known to exist. */
  readonly seenEpoch: number
  /** An own attempt to lead of which it is not known that it failed. */
  readonly attempt?: { readonly epoch: number; readonly token: string | undefined } | undefined
  /** An epoch that was granted to another store, where the configuration names the leader. */
  readonly granted?: { readonly epoch: number; readonly storeId: string } | undefined
}

export const noFacts: DurableFacts = { seenEpoch: 0 }

export class Facts {
  #facts: DurableFacts
  #ticket = 0
  #persisted = 0

  constructor(
    restored: DurableFacts,
    private readonly rules: Rules,
    private readonly emit: (effect: Effect) => void,
  ) {
    this.#facts = rules.restore(restored)
  }

  get clusterId(): string | undefined {
    return this.#facts.clusterId
  }

  get seenEpoch(): number {
    return this.#facts.seenEpoch
  }

  get attempt(): DurableFacts['attempt'] {
    return this.#facts.attempt
  }

  get granted(): DurableFacts['granted'] {
    return this.#facts.granted
  }

  /** The highest epoch that another store has, or may come to have. */
  get othersEpoch(): number {
    return Math.max(this.seenEpoch, this.granted?.epoch ?? 0)
  }

  /** The lowest epoch whose messages are still taken. */
  get fence(): number {
    return this.rules.fence(this.#facts)
  }

  /** Whether all of this is on disk: before that nothing that relies on it may leave. */
  get durable(): boolean {
    return this.rules.isDurable(this.#persisted, this.#ticket)
  }

  /**
   * An epoch is known to exist. One that is not below an own attempt's also tells that the attempt
   * is over, because the record has moved on.
   */
  see(epoch: number, clusterId: string): void {
    const { attempt, granted, seenEpoch } = this.#facts
    const left = attempt !== undefined && attempt.epoch <= epoch ? undefined : attempt
    if (epoch <= seenEpoch && clusterId === this.clusterId && left === attempt) return
    const open = granted !== undefined && granted.epoch > epoch ? { granted } : {}
    this.#change({ clusterId, seenEpoch: Math.max(epoch, seenEpoch), attempt: left, ...open })
  }

  /** An attempt to lead is about to be made. */
  promise(epoch: number, token: string | undefined): void {
    const { attempt } = this.#facts
    if (attempt?.epoch === epoch && attempt.token === token) return
    this.#change({ ...this.#facts, attempt: { epoch, token } })
  }

  /** Each epoch is granted to one store; it may ask again for what it was granted, and does not lead yet. */
  mayGrant(epoch: number, storeId: string): boolean {
    const { granted, seenEpoch } = this.#facts
    const again = granted?.epoch === epoch && granted.storeId === storeId && epoch > seenEpoch
    return again || epoch > this.fence
  }

  grant(epoch: number, { storeId }: { readonly storeId: string }): void {
    const { granted } = this.#facts
    if (granted?.epoch === epoch && granted.storeId === storeId) return
    this.#change({ ...this.#facts, granted: { epoch, storeId } })
  }

  /** The attempt is known to have failed. */
  withdraw(): void {
    this.#change({ ...this.#facts, attempt: undefined })
  }

  /** Later facts contain earlier ones, so the latest that is on disk counts. */
  persisted(ticket: number): void {
    this.#persisted = Math.max(this.#persisted, ticket)
  }

  #change(facts: DurableFacts): void {
    this.#facts = facts
    this.#ticket += 1
    this.emit({ type: 'persist-facts', ticket: this.#ticket, facts })
  }
}
