/**
 * What a member that does not lead says to the one that wants to, where the configuration names the
 * leader and no coordinator stands between them.
 *
 * Whoever begins an epoch there needs the grants of a majority. Each member grants an epoch to one
 * store, only to the member that its own configuration names, and only when it knows of none that is
 * as high; from then on it refuses all lower ones. Two majorities have a member in common, so an epoch
 * is one store's alone, and who has it took all that a majority has acknowledged before.
 */
import type { Context } from './context.js'
import type { Input } from './input.js'

type Request = Extract<Input, { type: 'grant' }>

export class Grants {
  /** Those that are given as soon as they are on disk. */
  #given: number[] = []

  constructor(
    private readonly context: Context,
    /** Messages of lower epochs are refused from now on. */
    private readonly promised: () => void,
  ) {}

  ask({ grant, epoch, candidate }: Request): void {
    const { facts, options } = this.context
    const { namedLeader } = options
    if (namedLeader !== candidate.member) {
      return this.#refuse(
        grant,
        `its configuration names ${namedLeader ?? 'nobody'} as the leader, not ${candidate.member}`,
      )
    }
    // An emptied disk has forgotten what it granted, and has nothing that others could count on.
    if (facts.clusterId === undefined && epoch > 1) {
      return this.#refuse(grant, 'its disk is new, and it has followed nobody yet')
    }
    if (!facts.mayGrant(epoch, candidate.storeId)) {
      return this.#refuse(grant, `it knows of epoch ${facts.fence} already`)
    }
    facts.grant(epoch, candidate)
    this.#given.push(grant)
    this.promised()
    this.continue()
  }

  /** Something is on disk. */
  continue(): void {
    const { facts, journal, emit } = this.context
    if (!facts.durable) return
    const { last } = journal
    for (const grant of this.#given) emit({ type: 'granted', grant, last })
    this.#given = []
  }

  #refuse(grant: number, reason: string): void {
    const { seenEpoch, granted } = this.context.facts
    const epoch = Math.max(seenEpoch, granted?.epoch ?? 0)
    this.context.emit({ type: 'not-granted', grant, epoch, reason })
  }
}
