/**
 * Stores that an operator takes out of the cluster: what was asked for here, until the record has it,
 * and what the record has from then on, whoever leads.
 */
import { removedMax } from '../coordinator/record-bounds.js'
import type { ClusterRecord, MemberStore } from '../record.js'
import type { InSyncSet } from './in-sync-set.js'
import { type Rules, isRemoved } from './rules.js'

export class Removals {
  readonly #wanted = new Map<string, MemberStore>()

  constructor(
    private readonly set: InSyncSet,
    private readonly rules: Rules,
  ) {}

  add(stores: readonly MemberStore[]): void {
    for (const { member, storeId } of stores) this.#wanted.set(storeId, { member, storeId })
  }

  has(storeId: string): boolean {
    return this.#wanted.has(storeId) || this.rules.isRemoved(this.set.record, storeId)
  }

  /** What the record should have, or undefined when it has that. */
  get missing(): Pick<ClusterRecord, 'removed'> | undefined {
    const { record } = this.set
    const news = [...this.#wanted.values()].filter(({ storeId }) => !isRemoved(record, storeId))
    if (news.length === 0) return undefined
    return { removed: [...(record.removed ?? []), ...news].slice(-removedMax) }
  }
}
