/**
 * One exchange between two members, after van Renesse et al., "Efficient reconciliation and flow
 * control for anti-entropy protocols" (Scuttlebutt, LADIS 2008):
 *
 *     A: digest   these are the versions that I have
 *     B: answer   here is what is newer with me, and these are the ones that I lack
 *     A: states   here they are
 *
 * Who has not heard of the other one lately says `states` of itself beside its digest, as the other one
 * may not know where to send an answer.
 *
 * Each one can get lost, come twice, or late: it only ever makes its receiver newer.
 */
import type { MemberState, StateVersion } from './member-state.js'

export interface DigestEntry extends StateVersion {
  readonly member: string
}

export type GossipBody =
  | { readonly type: 'digest'; readonly digest: readonly DigestEntry[] }
  | {
      readonly type: 'answer'
      readonly states: readonly MemberState[]
      /** What the sender has of those that the receiver has newer, to be sent. */
      readonly wanted: readonly string[]
    }
  | { readonly type: 'states'; readonly states: readonly MemberState[] }

export interface GossipMessage {
  readonly from: string
  /** Absent for a member that has never belonged to a cluster. */
  readonly clusterId?: string | undefined
  readonly body: GossipBody
}
