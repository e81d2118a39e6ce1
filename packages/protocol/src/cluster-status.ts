/** What is known of a cluster, for people and programs: the same over gRPC and HTTP. */
import { create } from '@bufbuild/protobuf'
import {
  type ClusterMember as ClusterMemberMessage,
  ClusterMemberSchema,
  type DescribeClusterResponse,
  DescribeClusterResponseSchema,
} from './gen/goethe/v1/cluster_pb.js'

/** A cluster, as far as the member knows that was asked. */
export interface ClusterStatus {
  /** The member that was asked. */
  member: string
  /** Undefined before it belongs to a cluster. */
  clusterId: string | undefined
  /** Of the member that was asked: `leader`, `follower`, `candidate` or `halted`. */
  role: string
  /** The highest epoch known here; each new lead has a higher one. */
  epoch: number
  /** The member that leads, where one does. */
  leader: string | undefined
  /** The member that is to lead by the configuration of the one that was asked, where that says so. */
  namedLeader: string | undefined
  /** Whether the cluster takes writes. */
  writable: boolean
  /** Fewest in-sync members with which writes are taken. */
  minInSync: number | undefined
  /** Names of the members that hold everything that was acknowledged. */
  inSync: string[]
  /**
   * Names of the members whose journals go furthest, as far as is known here: by the epoch of their
   * last entry, and then by its number. Empty for who has no admin right on the whole log.
   */
  furthest: string[]
  /** Sentences for people. */
  summary: string[]
  /** Empty for who has no admin right on the whole log. */
  members: ClusterMember[]
}

/** One member, as it says itself over gossip. */
export interface ClusterMember {
  member: string
  /** `leader`, `follower` or `candidate`; undefined when nothing was heard of it. */
  role: string | undefined
  /** `serving`, `catching-up`, `draining`, `unhealthy`, or `unknown` when nothing was heard of it. */
  health: string
  /** Why it is so, as a sentence. */
  reason: string | undefined
  inSync: boolean
  epoch: number
  /** The last entry of its journal. */
  lastLsn: number
  /** The epoch of that entry; undefined without one, and of a member of an earlier version. */
  lastEpoch: number | undefined
  /** The last entry that it knows to be committed. */
  commitLsn: number
  /** Entries that it lacks. */
  behind: number
  /** Milliseconds since something was heard of it. */
  silentMs: number
  /** It has been silent for so long that it is probably gone. */
  suspected: boolean
  /** `host:port` for clients; empty when nothing was heard of it. */
  address: string
  /** Where its HTTP API is, where that is known. */
  url: string | undefined
}

export function clusterToMessage(status: ClusterStatus): DescribeClusterResponse {
  const { clusterId = '', leader = '', namedLeader = '', minInSync = 0, ...rest } = status
  const { epoch, members, ...same } = rest
  return create(DescribeClusterResponseSchema, {
    ...same,
    clusterId,
    leader,
    namedLeader,
    minInSync,
    epoch: BigInt(epoch),
    members: members.map(memberToMessage),
  })
}

export function clusterFromMessage(message: DescribeClusterResponse): ClusterStatus {
  const { member, role, writable, inSync, furthest, summary } = message
  return {
    member,
    clusterId: message.clusterId || undefined,
    role,
    epoch: Number(message.epoch),
    leader: message.leader || undefined,
    namedLeader: message.namedLeader || undefined,
    writable,
    minInSync: message.minInSync || undefined,
    inSync,
    furthest,
    summary,
    members: message.members.map(memberFromMessage),
  }
}

function memberToMessage(member: ClusterMember): ClusterMemberMessage {
  const { role = '', reason = '', url = '', lastEpoch = 0, ...same } = member
  return create(ClusterMemberSchema, {
    ...same,
    role,
    reason,
    url,
    epoch: BigInt(member.epoch),
    lastLsn: BigInt(member.lastLsn),
    lastEpoch: BigInt(lastEpoch),
    commitLsn: BigInt(member.commitLsn),
    behind: BigInt(member.behind),
    silentMs: BigInt(Math.round(member.silentMs)),
  })
}

function memberFromMessage(message: ClusterMemberMessage): ClusterMember {
  const { member, health, inSync, suspected, address } = message
  return {
    member,
    role: message.role || undefined,
    health,
    reason: message.reason || undefined,
    inSync,
    epoch: Number(message.epoch),
    lastLsn: Number(message.lastLsn),
    lastEpoch: Number(message.lastEpoch) || undefined,
    commitLsn: Number(message.commitLsn),
    behind: Number(message.behind),
    silentMs: Number(message.silentMs),
    suspected,
    address,
    url: message.url || undefined,
  }
}
