/** What callers are told by a member that does not do what they ask for, and who does it instead. */
import type { ClusterMemberStatus, MemberView } from '@goethe/cluster'
import { GoetheError } from '@goethe/core'

type Other = Pick<MemberView, 'address' | 'member' | 'self' | 'url'>

/** What is looked at of a member's status. */
export interface LeaderSeen {
  readonly replica: Pick<
    ClusterMemberStatus['replica'],
    'epoch' | 'hearsLeader' | 'leader' | 'namedLeader' | 'role'
  >
  readonly members: {
    get(member: string): Other | undefined
    leaderSince(epoch: number): Other | undefined
  }
}

export interface MemberRefusalsOptions {
  /** Of the member, while there is one. */
  status(): LeaderSeen | undefined
  /** When trying again makes sense for those who are refused. */
  readonly retryDelayMs: number
}

export class MemberRefusals {
  readonly #options: MemberRefusalsOptions

  constructor(options: MemberRefusalsOptions) {
    this.#options = options
  }

  /** GOETHE_NOT_LEADER with the leader's addresses; GOETHE_UNAVAILABLE while nobody can be named. */
  elsewhere(): GoetheError {
    const { replica, members } = this.#options.status() ?? {}
    const followed = replica?.leader === undefined ? undefined : members?.get(replica.leader)
    // One that follows nobody may know all the same where writes are taken.
    const leader = followed ?? members?.leaderSince(replica!.epoch)
    if (leader === undefined || leader.self) {
      const { namedLeader } = replica ?? {}
      if (namedLeader !== undefined) {
        return this.unavailable(
          `The cluster takes no writes at the moment: cluster.leader names ${namedLeader}, which does ` +
            'not lead now, and nobody else takes over by itself',
        )
      }
      return this.unavailable('The cluster has no leader at the moment; it is about to get one')
    }
    if (replica?.role === 'follower' && !replica.hearsLeader) {
      return this.unavailable(`${leader.member} leads, and was not heard of just now`)
    }
    const { member, address, url } = leader
    const where = url === undefined ? address : `${address}, over HTTP at ${url}`
    return new GoetheError(
      'GOETHE_NOT_LEADER',
      `${member} leads, at ${where}: writes and linearizable reads go there`,
      {
        details: { leader: address, ...(url !== undefined && { leaderUrl: url }) },
      },
    )
  }

  /** GOETHE_UNAVAILABLE that says when to try again. */
  unavailable(message: string, cause?: GoetheError): GoetheError {
    const { retryDelayMs } = this.#options
    return new GoetheError('GOETHE_UNAVAILABLE', message, { cause, details: { retryDelayMs } })
  }
}
