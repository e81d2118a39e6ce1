/** What a member knows of its cluster, in numbers for programs and in sentences for people. */
import type { ClusterMemberStatus, MemberView } from '@goethe/cluster'
import type { ClusterMember, ClusterStatus } from '@goethe/protocol'

export type { ClusterMember, ClusterStatus }

/** All of it, for administrators. */
export function clusterStatus({ replica, members: view }: ClusterMemberStatus): ClusterStatus {
  const { member, clusterId, role, epoch, leader, namedLeader, minInSync } = replica
  const inSync = replica.inSync.map((store) => store.member)
  const known = view.members.map((one) => memberStatus(one, replica, view.get(leader ?? '')))
  const unknown = inSync.filter((name) => view.get(name) === undefined).map(unknownMember)
  const reason = whyNotWritable(replica, view.get(leader ?? ''))
  const status = {
    member,
    clusterId,
    role,
    epoch,
    leader,
    namedLeader,
    writable: reason === undefined,
    minInSync,
    inSync,
    furthest: furthest(known),
    members: [...known, ...unknown].toSorted((one, other) => (one.member < other.member ? -1 : 1)),
  }
  const summary = sentences(status, reason)
  return { ...status, summary: [...summary, ...remarks(replica)] }
}

/** What everybody may know who is known: whether it works, and not what is behind it. */
export function publicPart(status: ClusterStatus): ClusterStatus {
  return { ...status, summary: status.summary.slice(0, 2), furthest: [], members: [] }
}

type Replica = ClusterMemberStatus['replica']

/** As a sentence without its end; undefined while writes are taken. */
function whyNotWritable(replica: Replica, leader: MemberView | undefined): string | undefined {
  const { role, notWritable, hearsLeader, problem } = replica
  if (role === 'leader') return notWritable
  // The leader tells it by gossip; how it is may have to do with something else.
  if (hearsLeader) return leader?.report.notWritable
  if (problem !== undefined) return problem
  if (replica.clusterId === undefined) {
    return 'this member is new: it joins the others, or begins a cluster once all of them were heard of'
  }
  const { namedLeader } = replica
  if (namedLeader !== undefined && namedLeader !== replica.member) {
    return (
      `${namedLeader} was not heard of just now, and as cluster.leader names it, nobody else takes ` +
      'over: writes go on when it is back, or when another member is named there, on all members, ' +
      'and recovered'
    )
  }
  if (replica.leader === undefined) return 'nobody leads'
  return `${replica.leader} leads, and was not heard of just now`
}

function memberStatus(
  { member, self, report, address, url, silentMs, suspected, storeId }: MemberView,
  replica: Replica,
  leader: MemberView | undefined,
): ClusterMember {
  const { health, reason, role, epoch, lastLsn, lastEpoch, commitLsn } = report
  const follower = replica.followers.find((one) => one.storeId === storeId)
  const leaderLsn = replica.role === 'leader' ? replica.lastLsn : (leader?.report.lastLsn ?? 0)
  const last = self ? replica : { lastLsn, lastEpoch }
  const heldLsn = follower?.heldLsn ?? last.lastLsn
  const heldEpoch = follower === undefined ? last.lastEpoch : follower.heldEpoch
  return {
    member,
    role,
    health,
    reason,
    inSync: replica.inSync.some((store) => store.storeId === storeId),
    epoch,
    lastLsn: heldLsn,
    // Before anything was written there is none.
    lastEpoch: heldEpoch || undefined,
    commitLsn: self ? replica.commitLsn : commitLsn,
    behind: Math.max(leaderLsn - heldLsn, 0),
    silentMs: Math.round(silentMs),
    suspected,
    address,
    url,
  }
}

/** It is in the record, and gossip has not met it. */
function unknownMember(member: string): ClusterMember {
  return {
    member,
    role: undefined,
    health: 'unknown',
    reason: undefined,
    inSync: true,
    epoch: 0,
    lastLsn: 0,
    lastEpoch: undefined,
    commitLsn: 0,
    behind: 0,
    silentMs: 0,
    suspected: false,
    address: '',
    url: undefined,
  }
}

/** First who leads, then whether writes are taken, then what is not as it should be. */
function sentences(
  { leader, epoch, inSync, minInSync, furthest: names, members }: Omit<ClusterStatus, 'summary'>,
  reason: string | undefined,
): string[] {
  const lead =
    leader === undefined
      ? `Nobody leads; the last epoch that is known here is ${epoch}.`
      : `${leader} leads, since epoch ${epoch} began.`
  const needed = minInSync === undefined ? '' : `, ${minInSync} needed`
  const writable =
    reason === undefined
      ? `Writable: in sync ${inSync.length} of ${members.length}${needed}.`
      : `Not writable: ${reason}.`
  const most = leader === undefined ? mostOf(members, names) : []
  return [lead, writable, ...most, ...members.flatMap(concern)]
}

/** For who has to choose one that is to lead. */
function mostOf(members: readonly ClusterMember[], names: readonly string[]): string[] {
  const one = members.find(({ member }) => member === names[0])
  if (one?.lastEpoch === undefined) return []
  const who = names.length === 1 ? `${names[0]} has` : `${names.join(', ')} have`
  return [`${who} most, as far as is known: entry ${count(one.lastLsn)} of epoch ${one.lastEpoch}.`]
}

/** Journals go by their last epoch first: what is longer may be what was never committed. */
function furthest(members: readonly ClusterMember[]): string[] {
  const [first, ...others] = members
    .filter(({ lastEpoch }) => lastEpoch !== undefined)
    .toSorted((one, other) => ahead(other, one))
  if (first === undefined) return []
  return [first, ...others.filter((one) => ahead(one, first) === 0)]
    .map(({ member }) => member)
    .toSorted()
}

function ahead(one: ClusterMember, other: ClusterMember): number {
  return one.lastEpoch! - other.lastEpoch! || one.lastLsn - other.lastLsn
}

/** What the record says that people forget. */
function remarks({ removed = [], recovery, losses, ...replica }: Replica): string[] {
  // Who is back with an empty disk needs no word any more.
  const isBack = (name: string): boolean => replica.inSync.some(({ member }) => member === name)
  const all = new Set(removed.map(({ member }) => member))
  const names = [...all].filter((name) => !isBack(name)).toSorted()
  const out = names.length === 0 ? [] : [`An operator took out ${names.join(', ')}.`]
  const lost = losses === undefined ? [] : [`${losses}.`]
  return [...lost, ...out, ...minInSyncOf(replica), ...recoveryOf(recovery, replica.namedLeader)]
}

/** A setting that counts for new clusters alone should not be taken for what holds. */
function minInSyncOf({
  member,
  minInSync,
  minInSyncOfNew,
}: Pick<Replica, 'member' | 'minInSync' | 'minInSyncOfNew'>): string[] {
  if (minInSync === undefined || minInSync === minInSyncOfNew) return []
  return [
    `cluster.minInSync of ${member} is ${minInSyncOfNew}, which counts for a new cluster alone: ` +
      `goethe cluster min-in-sync ${minInSyncOfNew} would change the ${minInSync} of this one.`,
  ]
}

function concern({ member, health, reason, suspected, silentMs, behind }: ClusterMember): string[] {
  const why = reason === undefined ? '' : `: ${reason}`
  if (suspected) {
    return [`${member} was not heard of for ${Math.round(silentMs / 1000)} s; it is probably gone.`]
  }
  switch (health) {
    case 'serving':
      return []
    case 'catching-up':
      return [`${member} is catching up, ${count(behind)} entries behind${why}.`]
    case 'draining':
      return [`${member} is about to stop.`]
    case 'unknown':
      return [`${member} belongs to those in sync, and nothing was heard of it.`]
    default:
      return [`${member} is ${health}${why}.`]
  }
}

function recoveryOf(recovery: Replica['recovery'], namedLeader: string | undefined): string[] {
  if (recovery === undefined) return []
  const { member, epoch, lsn } = recovery
  // Where the leader is named, the others were asked first.
  const outcome =
    namedLeader === undefined
      ? `what was acknowledged behind entry ${count(lsn)} may be lost`
      : `a majority of the members in cluster.peers had nothing behind entry ${count(lsn)}`
  return [`An operator let ${member} lead in epoch ${epoch}: ${outcome}.`]
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
