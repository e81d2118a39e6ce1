/**
 * Stores that an operator takes out of the cluster, or lets in again: what was asked for here, until
 * the record has it, and what the record has from then on, whoever leads.
 */
import { removedMax } from '../coordinator/record-bounds.js'
import type { ClusterRecord, MemberStore } from '../record.js'
import type { InSyncSet } from './in-sync-set.js'
import { type Rules, isRemoved } from './rules.js'

export class Removals {
  readonly #wanted = new Map<string, MemberStore>()
  readonly #admitted = new Set<string>()

  constructor(
    private readonly set: InSyncSet,
    private readonly rules: Rules,
  ) {}

  add(stores: readonly MemberStore[]): void {
    for (const { member, storeId } of stores) {
      this.#wanted.set(storeId, { member, storeId })
      this.#admitted.delete(storeId)
    }
  }

  /** Lets in again what was taken out under this name. It may join once the record says so. */
  admit(member: string): void {
    const stores = [...this.#wanted.values(), ...(this.set.record.removed ?? [])]
    for (const store of stores.filter((one) => one.member === member)) {
      this.#wanted.delete(store.storeId)
      this.#admitted.add(store.storeId)
    }
  }

  has(storeId: string): boolean {
    return this.#wanted.has(storeId) || this.rules.isRemoved(this.set.record, storeId)
  }

  /** What the record should have, or undefined when it has that. */
  get missing(): Pick<ClusterRecord, 'removed'> | undefined {
    const { record } = this.set
    const { removed = [] } = record
    const left = removed.filter(({ storeId }) => !this.#admitted.has(storeId))
    const news = [...this.#wanted.values()].filter(({ storeId }) => !isRemoved(record, storeId))
    if (news.length === 0 && left.length === removed.length) return undefined
    const wanted = [...left, ...news].slice(-removedMax)
    return { removed: wanted.length === 0 ? undefined : wanted }
  }
}
