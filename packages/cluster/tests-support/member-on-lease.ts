/** A replica whose record is on a Lease, with a disk that never fails, in time that a test makes. */
import type { Coordinator } from '../src/coordinator/coordinator.js'
import type { Effect } from '../src/replica/effect.js'
import type { DurableFacts } from '../src/replica/facts.js'
import { noFacts } from '../src/replica/facts.js'
import { DrivenReplica } from './driven-replica.js'

export class MemberOnLease {
  readonly replica: DrivenReplica
  /** What it has promised, as a restart would find it. */
  facts: DurableFacts
  readonly #coordinator: Coordinator
  #nowMs = 0

  /** Member `a`, alone: it needs nobody to acknowledge. */
  constructor(coordinator: Coordinator, facts: DurableFacts = noFacts) {
    this.#coordinator = coordinator
    this.facts = facts
    this.replica = new DrivenReplica(facts, { minInSync: 1 })
    this.replica.step({ type: 'peers', members: [], allVirgin: true })
  }

  get status() {
    return this.replica.status
  }

  /** Lets time go by, and all that follows from it happen. */
  async pass(ms: number): Promise<void> {
    await this.settle()
    for (let passedMs = 0; passedMs < ms; passedMs += 500) {
      this.#nowMs += 500
      this.replica.pass(500)
      await this.settle()
    }
  }

  async settle(): Promise<void> {
    for (;;) {
      const effects = this.replica.effects
      this.replica.effects = []
      if (effects.length === 0) return
      for (const effect of effects) await this.#perform(effect)
    }
  }

  async #perform(effect: Effect): Promise<void> {
    const { replica } = this
    const { type } = effect
    if (type === 'persist-facts') {
      this.facts = effect.facts
      return replica.step({ type: 'facts-persisted', ticket: effect.ticket })
    }
    if (type === 'append-journal' || type === 'truncate-journal') {
      return replica.step({ type: 'journal-written', ticket: effect.ticket })
    }
    if (type === 'apply') {
      return replica.step({ type: 'applied', lsn: effect.toLsn, flushedLsn: effect.toLsn })
    }
    if (type === 'read-record') {
      const found = await this.#coordinator.read()
      const result = { type: 'read', found } as const
      return replica.step({ type: 'record-read', ticket: effect.ticket, result })
    }
    if (type === 'change-record') {
      const record = { ...effect.record, renewTimeMs: Date.UTC(2026, 0, 1) + this.#nowMs }
      const outcome = await this.#coordinator.change(effect.token, record)
      replica.step({ type: 'record-changed', ticket: effect.ticket, outcome })
    }
  }
}
