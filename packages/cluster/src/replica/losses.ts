/** What is said of stores that came back without something that they have to have. */
import type { FollowerProgress } from './follower-progress.js'

/** As a sentence about those that `concerns` tells, unless their members have other disks by now. */
export function lossesOf(
  followers: readonly FollowerProgress[],
  concerns: (follower: FollowerProgress) => boolean,
): string | undefined {
  const losses = followers.filter(concerns).flatMap((follower) => {
    const { sender, lost } = follower
    if (lost === undefined || isReplaced(follower, followers)) return []
    const [from, to] = [lost.fromLsn, lost.toLsn].map((lsn) => lsn.toLocaleString('en-US'))
    const entries = from === to ? `entry ${from}` : `entries ${from} to ${to}`
    return [
      `${sender.member} came back without ${entries}, which it has to have: its disk lost something, or an ` +
        'older copy of it was put back; the leader sends it again, but see to that disk',
    ]
  })
  return losses.length === 0 ? undefined : losses.join('; ')
}

function isReplaced(
  { sender, lastHeardMs }: FollowerProgress,
  followers: readonly FollowerProgress[],
): boolean {
  const { member, storeId } = sender
  return followers.some(
    (other) =>
      other.sender.member === member &&
      other.sender.storeId !== storeId &&
      other.lastHeardMs >= lastHeardMs,
  )
}
