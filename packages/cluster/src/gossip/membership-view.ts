/** What gossip knows of all members at one moment. Nothing in it may decide on safety. */
import type { MemberState } from './member-state.js'

export interface MemberView extends MemberState {
  /** True for the member that looks. */
  readonly self: boolean
  /** How likely it is that the member is gone: one in 10^φ that it is not. */
  readonly phi: number
  /** φ is above the threshold. */
  readonly suspected: boolean
  /** Milliseconds since news of it came. */
  readonly silentMs: number
}

export class MembershipView {
  /** Sorted by name. */
  readonly members: readonly MemberView[]

  constructor(members: readonly MemberView[]) {
    this.members = members.toSorted((first, second) => (first.member < second.member ? -1 : 1))
  }

  get(member: string): MemberView | undefined {
    return this.members.find((candidate) => candidate.member === member)
  }

  /** The other stores that say that they hear the leader of this epoch (rule 3 of the takeover). */
  hearers(epoch: number): readonly MemberView[] {
    return this.members.filter(
      ({ self, suspected, report }) =>
        !self && !suspected && report.hearsLeader && report.epoch === epoch,
    )
  }

  /** Another one that says that it leads, in this epoch or a later one. */
  leaderSince(epoch: number): MemberView | undefined {
    return this.members
      .filter(({ self, suspected, report }) => !self && !suspected && report.role === 'leader')
      .filter(({ report }) => report.epoch >= epoch)
      .toSorted((first, second) => second.report.epoch - first.report.epoch)[0]
  }

  /** True when every one of these was heard of, and has never belonged to a cluster. */
  allVirgin(members: readonly string[]): boolean {
    return members.every((member) => {
      const view = this.get(member)
      return view !== undefined && !view.suspected && view.report.clusterId === undefined
    })
  }

  /** Sentences on all that is not as it should be, for people. */
  concerns(): string[] {
    return this.members.flatMap(({ member, suspected, silentMs, report: { health, reason } }) => {
      if (suspected) return [`${member} was not heard of for ${Math.round(silentMs / 100) / 10} s`]
      if (health === 'serving') return []
      return [`${member} is ${health}${reason === undefined ? '' : `: ${reason}`}`]
    })
  }
}
