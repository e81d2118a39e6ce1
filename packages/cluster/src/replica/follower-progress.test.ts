import { describe, expect, it } from 'vitest'
import { FollowerProgress } from './follower-progress.js'
import type { Acknowledge } from './messages.js'

const sender = { member: 'c', storeId: 'c/1', incarnation: 'c#1' }
const timeoutMs = 2_000

const acknowledge = (durableLsn: number, receivedLsn = durableLsn): Acknowledge => ({
  type: 'acknowledge',
  durableLsn,
  receivedLsn,
  flushedLsn: 0,
  confirm: 0,
  gap: false,
})

/** It holds entry 1 of 2 since 1,000 ms, and entry 2 is on its way since then. */
function sentOne(): FollowerProgress {
  const follower = new FollowerProgress(sender, 0)
  follower.settled(1)
  follower.acknowledged(acknowledge(1), 2, 1_000, 400)
  follower.shipped(2, 2, 100, 1_000)
  return follower
}

describe('a follower that receives something large', () => {
  it('makes progress while it does', () => {
    const follower = sentOne()
    for (const nowMs of [3_000, 5_000]) {
      follower.receives(sender, nowMs, timeoutMs)
      expect(follower).toMatchObject({ lastProgressMs: nowMs, lastHeardMs: nowMs, heldLsn: 1 })
    }
  })

  it('does not where it is another process, or nothing is on its way to it', () => {
    const follower = sentOne()
    follower.receives({ ...sender, incarnation: 'c#2' }, 3_000, timeoutMs)
    expect(follower.lastProgressMs).toBe(1_000)
    follower.acknowledged(acknowledge(2), 2, 1_100, 400)
    follower.receives(sender, 3_000, timeoutMs)
    expect(follower.lastProgressMs).toBe(1_100)
  })

  it('does not while it has something to write to its disk', () => {
    const follower = sentOne()
    follower.shipped(3, 3, 100, 1_000)
    follower.acknowledged(acknowledge(1, 2), 3, 1_100, 400)
    follower.receives(sender, 3_000, timeoutMs)
    expect(follower).toMatchObject({ lastProgressMs: 1_000, lastHeardMs: 3_000 })
    follower.acknowledged(acknowledge(2), 3, 3_100, 400)
    follower.receives(sender, 5_000, timeoutMs)
    expect(follower.lastProgressMs).toBe(5_000)
  })

  it('does for ten times as long as it may acknowledge nothing, and no longer', () => {
    const follower = sentOne()
    follower.receives(sender, 21_000, timeoutMs)
    follower.receives(sender, 21_100, timeoutMs)
    expect(follower.lastProgressMs).toBe(21_000)
  })

  it('is not sent the same again', () => {
    const follower = sentOne()
    follower.receives(sender, 3_000, timeoutMs)
    follower.acknowledged(acknowledge(1), 2, 3_100, 400)
    expect(follower.nextLsn).toBe(3)
    follower.acknowledged(acknowledge(1), 2, 3_500, 400)
    expect(follower.nextLsn).toBe(2)
  })
})
