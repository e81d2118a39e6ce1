import type { ClusterStatus } from '@goethe/client'
import { formatDuration } from './duration.js'
import { formatCount } from './quantity.js'

/** How far a member is on its way into the in-sync set. */
export interface Arrival {
  readonly inSync: boolean
  /** A sentence: that it is there, or what is waited for. */
  readonly sentence: string
}

/** Whether a member is in sync as one of the others sees it, and else what it takes. */
export function arrivalOf(
  { leader, members, inSync, minInSync }: ClusterStatus,
  name: string,
): Arrival {
  const waiting = (sentence: string): Arrival => ({ inSync: false, sentence })
  const found = members.find(({ member }) => member === name)
  if (found === undefined || found.health === 'unknown') {
    return waiting(`Nothing was heard of ${name} yet: is it started, with the names of the others?`)
  }
  const { health, reason, suspected, silentMs, behind } = found
  const why = reason === undefined ? '' : `: ${reason}`
  if (suspected) {
    return waiting(`${name} was not heard of for ${formatDuration(silentMs)}: is it running?`)
  }
  if (found.inSync && health === 'catching-up') {
    return waiting(`${name} is in sync, and not caught up yet${why}.`)
  }
  if (found.inSync) {
    const needed = minInSync === undefined ? '' : `, ${minInSync} needed`
    return {
      inSync: true,
      sentence: `${name} is in sync: ${inSync.length} of ${members.length}${needed}.`,
    }
  }
  if (leader === undefined) return waiting(`${name} waits for a leader: nobody leads.`)
  if (health !== 'catching-up') return waiting(`${name} is ${health}${why}.`)
  return waiting(`${name} is catching up, ${formatCount(behind)} entries behind${why}.`)
}
