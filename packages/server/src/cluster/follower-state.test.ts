import { describe, expect, it } from 'vitest'
import { servesReads } from '../log-store.js'
import { followerState as stateOf } from './follower-state.js'

const store = { member: 'goethe-1', storeId: 'one' }

const well = {
  storeId: 'one',
  inSync: [store],
  leader: 'goethe-0',
  hearsLeader: true,
  caughtUp: true,
  problem: undefined as string | undefined,
  commitLsn: 20_000,
  appliedLsn: 20_000,
}

const followerState = (replica: typeof well, leaderAddress: string | undefined = 'goethe-0:1337') =>
  stateOf(replica, leaderAddress)

describe('a member that does not lead', () => {
  it('follows while it is in sync and caught up', () => {
    expect(followerState(well)).toEqual({ type: 'following', leader: 'goethe-0' })
  })

  it('is not ready before it has applied what it has', () => {
    const state = followerState({ ...well, caughtUp: false, appliedLsn: 7_690 })
    expect(state).toEqual({
      type: 'catching-up',
      reason: 'This member is in sync, and applies what it has: 12,310 entries are left',
    })
    expect(servesReads(state)).toBe(false)
  })

  it('is not ready before it has heard from a leader after its start', () => {
    expect(followerState({ ...well, caughtUp: false, hearsLeader: false })).toEqual({
      type: 'catching-up',
      reason: 'This member is in sync, and has not heard yet what else is committed',
    })
  })

  it('is not ready before it can say where its leader serves, if it hears one', () => {
    expect(stateOf(well, undefined)).toEqual({
      type: 'catching-up',
      reason: 'This member is in sync, and was not told yet where goethe-0 serves',
    })
    expect(stateOf({ ...well, hearsLeader: false }, undefined).type).toBe('following')
  })

  it('is not ready while it is not in sync', () => {
    expect(followerState({ ...well, inSync: [], caughtUp: false })).toEqual({
      type: 'catching-up',
      reason: 'This member is not in sync yet',
    })
  })

  it('goes on with a leader that it hears although something is wrong with the record', () => {
    const problem = 'the record of the cluster is gone'
    expect(followerState({ ...well, problem })).toEqual({
      type: 'following',
      leader: 'goethe-0',
      reason: problem,
    })
    expect(followerState({ ...well, problem, hearsLeader: false })).toEqual({
      type: 'catching-up',
      reason: problem,
    })
  })
})
