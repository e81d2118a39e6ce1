import { describe, expect, it } from 'vitest'
import { DrivenReplica, recordOf, storeOf } from '../../tests-support/driven-replica.js'
import { CaughtUp } from './caught-up.js'
import { defaultTimes } from './options.js'

const times = { ...defaultTimes, behindMsMax: 10_000 }

/** What is committed grows by one entry each 100 ms; how far it is applied, a test says. */
class Observed {
  readonly caughtUp = new CaughtUp(times)
  nowMs = 0

  get commitLsn(): number {
    return this.nowMs / 100
  }

  /** Lets time go by while it is behind by so many entries. */
  pass(ms: number, behind: number): boolean[] {
    const seen: boolean[] = []
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 100
      const { nowMs, commitLsn } = this
      const appliedLsn = Math.max(0, commitLsn - behind)
      this.caughtUp.observe({ nowMs, inSync: true, commitLsn, appliedLsn })
      seen.push(this.caughtUp.value)
    }
    return seen
  }
}

describe('a member in sync', () => {
  it('is caught up at once when it has applied all', () => {
    expect(new Observed().pass(100, 0)).toEqual([true])
  })

  it('is not before it has applied what was committed when it joined', () => {
    const observed = new Observed()
    observed.pass(60_000, 600)
    expect(observed.caughtUp.value).toBe(false)
    // All that, and what came meanwhile.
    expect(observed.pass(5_000, 0)).toContain(true)
  })

  it('is not while that takes ever longer than it should', () => {
    const observed = new Observed()
    expect(new Set(observed.pass(120_000, 30))).toEqual(new Set([false]))
    expect(new Set(observed.pass(5_000, 5).slice(-20))).toEqual(new Set([true]))
  })

  it('does not flap at any bound', () => {
    const observed = new Observed()
    observed.pass(1_000, 0)
    // Between the two bounds it stays what it was.
    expect(new Set(observed.pass(120_000, 90))).toEqual(new Set([true]))
    expect(observed.pass(120_000, 150).at(-1)).toBe(false)
    expect(new Set(observed.pass(120_000, 90))).toEqual(new Set([false]))
    expect(observed.pass(30_000, 3).at(-1)).toBe(true)
  })

  it('is not when it led until now, before it has what a leader has committed', () => {
    const observed = new Observed()
    observed.caughtUp.leads()
    expect(observed.caughtUp.value).toBe(true)
    // Nobody is heard yet, and its own record has it in the set.
    const alone = { nowMs: 100, inSync: true, commitLsn: undefined, appliedLsn: 1 }
    observed.caughtUp.observe(alone)
    expect(observed.caughtUp.value).toBe(false)
    expect(observed.pass(200, 0)).toEqual([true, true])
  })

  it('stays what it was while nobody leads', () => {
    const observed = new Observed()
    observed.pass(1_000, 0)
    const { caughtUp, nowMs } = observed
    caughtUp.observe({
      nowMs: nowMs + 60_000,
      inSync: true,
      commitLsn: undefined,
      appliedLsn: 0,
    })
    expect(caughtUp.value).toBe(true)
  })

  it('begins anew once it was not in sync', () => {
    const observed = new Observed()
    observed.pass(1_000, 0)
    const { caughtUp, nowMs } = observed
    caughtUp.observe({ nowMs, inSync: false, commitLsn: 10, appliedLsn: 10 })
    expect(caughtUp.value).toBe(false)
    caughtUp.observe({ nowMs, inSync: true, commitLsn: 11, appliedLsn: 10 })
    expect(caughtUp.value).toBe(false)
  })
})

describe('a replica', () => {
  const commit = (member: DrivenReplica, commitLsn: number) =>
    member.hear('b', 5, { type: 'heartbeat', commitLsn, trimLsn: 0, confirm: 0 })

  it('says that it is caught up when it has applied what the leader has committed', () => {
    const member = new DrivenReplica()
    member.read(recordOf())
    commit(member, 2)
    const { body } = member.effects.flatMap((effect) =>
      effect.type === 'send' && effect.message.body.type === 'reconcile' ? effect.message : [],
    )[0]!
    const request = body.type === 'reconcile' ? body.request : 0
    member.hear('b', 5, { type: 'reconciled', request, answer: { type: 'settled' } })
    const entries = [1, 2].map((lsn) => ({ lsn, epoch: 5, payload: lsn, bytes: 10 }))
    const header = { previousLsn: 0, previousEpoch: 0, commitLsn: 2 }
    member.hear('b', 5, { type: 'append', ...header, entries })
    member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
    member.pass(100)
    expect(member.status).toMatchObject({ inSync: expect.arrayContaining([storeOf('a')]) })
    expect(member.status).toMatchObject({ appliedLsn: 0, caughtUp: false })
    member.step({ type: 'applied', lsn: 2, flushedLsn: 2 })
    member.pass(100)
    expect(member.status).toMatchObject({ appliedLsn: 2, caughtUp: true })
    // It hears nobody any more, and is as good as before.
    member.pass(1_000)
    expect(member.status.caughtUp).toBe(true)
  })

  it('says so of itself while it leads', () => {
    const member = new DrivenReplica()
    const { ticket } = member.attempt()
    member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: '2' } })
    member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
    member.pass(100)
    expect(member.status).toMatchObject({ role: 'leader', caughtUp: false })
    const held = { durableLsn: 1, receivedLsn: 1, flushedLsn: 1, confirm: 0, gap: false }
    member.hear('c', 6, { type: 'acknowledge', ...held })
    member.step({ type: 'applied', lsn: 1, flushedLsn: 1 })
    member.pass(100)
    expect(member.status.caughtUp).toBe(true)
  })
})
