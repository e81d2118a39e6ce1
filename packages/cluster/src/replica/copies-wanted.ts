/**
 * How many stores an operator wants in sync at least, from when it is asked for until the record says
 * so. It is never more than there are at that moment, as the cluster would take no writes from then
 * on; what cannot be had now is forgotten, and not brought about later, when nobody expects it.
 */
import type { ClusterRecord } from '../record.js'
import type { InSyncSet } from './in-sync-set.js'
import type { Rules } from './rules.js'

export class CopiesWanted {
  #minInSync: number | undefined

  constructor(
    private readonly set: InSyncSet,
    private readonly rules: Rules,
  ) {}

  want(minInSync: number): void {
    this.#minInSync = minInSync
  }

  /** What the record should have, or undefined when it has that, or cannot. */
  missing(): Pick<ClusterRecord, 'minInSync'> | undefined {
    const { record } = this.set
    const minInSync = this.#minInSync
    if (minInSync === undefined) return undefined
    if (minInSync !== record.minInSync && this.rules.mayNeed(record, minInSync)) {
      return { minInSync }
    }
    this.#minInSync = undefined
    return undefined
  }
}
