import { describe, expect, it } from 'vitest'
import {
  DrivenReplica,
  leaderOf,
  recordOf,
  settledFacts,
  storeOf,
} from '../../tests-support/driven-replica.js'
import type { ClusterRecord } from '../record.js'
import { type ReplicaOptions, defaultTimes } from './options.js'
import { origin } from './position.js'

/** Member `a`, which leads epoch 6 with `c`; its mark is entry 1. */
function newLeader(options: Partial<ReplicaOptions> = {}): DrivenReplica {
  const member = new DrivenReplica(settledFacts, options)
  const { ticket } = member.attempt()
  member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: '2' } })
  member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
  return member
}

const acknowledge = (
  member: DrivenReplica,
  durableLsn: number,
  from = 'c',
  incarnation = `${from}#1`,
) =>
  member.hear(
    from,
    6,
    {
      type: 'acknowledge',
      durableLsn,
      receivedLsn: durableLsn,
      flushedLsn: durableLsn,
      confirm: 0,
      gap: false,
    },
    incarnation,
  )

/** As `newLeader`, with its mark committed and applied. */
function leader(options: Partial<ReplicaOptions> = {}): DrivenReplica {
  const member = newLeader(options)
  acknowledge(member, 1)
  const { toLsn } = member.take('apply')
  member.step({ type: 'applied', lsn: toLsn, flushedLsn: toLsn })
  expect(member.take('lead').epoch).toBe(6)
  return member
}

const propose = (member: DrivenReplica, proposal: number) =>
  member.step({ type: 'propose', proposal, payload: proposal, bytes: 10 })

/** What the leader asks of the coordinator, which does it. */
function change(member: DrivenReplica, token: string) {
  const { ticket, record } = member.take('change-record')
  member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token } })
  return record
}

function catchUpB(member: DrivenReplica): void {
  member.hear('b', 6, { type: 'reconcile', request: 1, lastLsn: 0, lastEpoch: 0 })
  acknowledge(member, 1, 'b')
}

function joinB(member: DrivenReplica): void {
  catchUpB(member)
  expect(change(member, '3').inSync).toEqual(['a', 'b', 'c'].map(storeOf))
}

describe('a leader', () => {
  it('takes no appends before the mark of its epoch is applied', () => {
    const member = newLeader()
    propose(member, 1)
    expect(member.take('reject').refusal).toEqual({
      code: 'UNAVAILABLE',
      reason: 'the leader of epoch 6 is still taking over',
    })
  })

  it('acknowledges when all in-sync members have it and it is applied, in this order', () => {
    const member = leader()
    propose(member, 1)
    member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
    expect(member.has('apply')).toBe(false)
    acknowledge(member, 2)
    expect(member.take('apply')).toMatchObject({ fromLsn: 2, toLsn: 2 })
    expect(member.has('accept')).toBe(false)
    member.step({ type: 'applied', lsn: 2, flushedLsn: 2 })
    expect(member.take('accept')).toMatchObject({ proposal: 1, lsn: 2 })
  })

  it.each([
    ['is gone', undefined, /^the record of the cluster is gone/],
    ['is of an earlier epoch', recordOf({ epoch: 4 }), /^the record is of epoch 4, but 6 was seen/],
    [
      'is of another cluster',
      recordOf({ clusterId: 'x', epoch: 9 }),
      /^the record is that of cluster x/,
    ],
  ])('goes on when its record %s, and says so', (_, found, expected) => {
    const member = leader()
    const own = recordOf({
      epoch: 6,
      leader: leaderOf('a', 'a#2'),
      inSync: ['a', 'c'].map(storeOf),
    })
    member.step({ type: 'record-may-have-changed' })
    member.read(found, '3')
    expect(member.status).toMatchObject({ role: 'leader', epoch: 6 })
    expect(member.status.problem).toMatch(expected)
    // Not where it would take the record of others.
    expect(member.status.mayRecover).toBe(found?.clusterId !== 'x')
    propose(member, 1)
    expect(member.has('append-journal')).toBe(true)
    expect(member.has('reject')).toBe(false)
    member.pass(1_000)
    acknowledge(member, 1)
    member.read(own, '4')
    expect(member.status).toMatchObject({ role: 'leader', problem: undefined, mayRecover: false })
  })

  describe('that is asked whether it leads still', () => {
    const answer = (member: DrivenReplica, confirm: number) =>
      member.hear('c', 6, {
        type: 'acknowledge',
        durableLsn: 1,
        receivedLsn: 1,
        flushedLsn: 1,
        confirm,
        gap: false,
      })

    it('knows once the in-sync set has answered this very question', () => {
      const member = leader()
      for (const confirmation of [1, 2]) member.step({ type: 'confirm', confirmation })
      answer(member, 0)
      expect(member.has('confirmed')).toBe(false)
      answer(member, 1)
      expect(member.take('confirmed')).toMatchObject({ confirmation: 1 })
      answer(member, 2)
      expect(member.take('confirmed')).toMatchObject({ confirmation: 2 })
    })

    it('lets its readers wait until what is committed is applied', () => {
      const member = leader()
      propose(member, 1)
      member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
      acknowledge(member, 2)
      member.step({ type: 'confirm', confirmation: 1 })
      answer(member, 1)
      expect(member.has('confirmed')).toBe(false)
      member.step({ type: 'applied', lsn: 2, flushedLsn: 2 })
      expect(member.take('confirmed')).toMatchObject({ confirmation: 1 })
    })

    it('tells followers that ask what was committed then, and when it is certain', () => {
      const member = leader()
      const told = () =>
        member.effects.flatMap((effect) =>
          effect.type === 'send' && effect.message.body.type === 'confirmed'
            ? [{ to: effect.message.toStoreId, ...effect.message.body }]
            : [],
        )
      member.hear('b', 6, { type: 'confirm', request: 70 })
      member.hear('c', 6, { type: 'confirm', request: 80 })
      expect(told()).toEqual([])
      // Committed since: not what they asked for.
      propose(member, 1)
      member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
      acknowledge(member, 2)
      expect(member.take('apply')).toMatchObject({ toLsn: 2 })
      answer(member, 1)
      expect(told()).toEqual([{ to: 'b/1', type: 'confirmed', request: 70, lsn: 1 }])
      answer(member, 2)
      expect(told()[1]).toEqual({ to: 'c/1', type: 'confirmed', request: 80, lsn: 1 })
      // A question is no acknowledgement: who only asks is not in sync for that.
      member.pass(3_000)
      member.hear('c', 6, { type: 'confirm', request: 81 })
      member.pass(100)
      expect(member.status.notWritable).toContain('c does not acknowledge')
    })

    it('tells followers nothing before its own mark is committed', () => {
      const member = newLeader()
      member.hear('c', 6, { type: 'confirm', request: 1 })
      answer(member, 1)
      member.step({ type: 'applied', lsn: 1, flushedLsn: 1 })
      const bodies = member.effects.map((effect) => effect.type === 'send' && effect.message.body)
      expect(bodies).not.toContainEqual(expect.objectContaining({ type: 'confirmed' }))
    })

    it('gives up when they do not answer for longer than it takes to leave one out', () => {
      const member = leader()
      member.pass(1_000)
      member.step({ type: 'confirm', confirmation: 1 })
      member.pass(2 * defaultTimes.replicaTimeoutMs - 100)
      member.step({ type: 'confirm', confirmation: 2 })
      expect(member.has('unconfirmed')).toBe(false)
      member.pass(100)
      expect(member.take('unconfirmed')).toMatchObject({
        confirmation: 1,
        refusal: { code: 'UNAVAILABLE', reason: 'in sync 1 of 2 needed; c does not acknowledge' },
      })
      answer(member, 2)
      expect(member.take('confirmed')).toMatchObject({ confirmation: 2 })
    })

    it('refuses when it learns of another one', () => {
      const member = leader()
      member.step({ type: 'confirm', confirmation: 1 })
      member.heartbeat('c', 7)
      expect(member.take('unconfirmed').refusal).toEqual({ code: 'NOT_LEADER' })
    })
  })

  it('says who is missing when too few are in sync', () => {
    const member = leader()
    member.pass(3_000)
    propose(member, 1)
    expect(member.take('reject').refusal).toEqual({
      code: 'UNAVAILABLE',
      reason: 'in sync 1 of 2 needed; c does not acknowledge',
    })
  })

  it('keeps a follower in the set to which something large goes on arriving, and then drops it', () => {
    const member = leader()
    member.hear('c', 6, { type: 'reconcile', request: 1, lastLsn: 1, lastEpoch: 6 })
    joinB(member)
    propose(member, 1)
    member.step({ type: 'shipped', storeId: 'c/1', fromLsn: 2, toLsn: 2, bytes: 10 })
    const inSyncAfter = (ms: number): number => {
      for (let passedMs = 0; passedMs < ms; passedMs += 100) {
        member.pass(100)
        acknowledge(member, 2, 'b')
        if (member.has('change-record')) change(member, '4')
      }
      return member.status.inSync.length
    }
    for (let half = 0; half < 10; half++) {
      expect(inSyncAfter(500)).toBe(3)
      member.step({ type: 'peer-receives', peer: { ...storeOf('c'), incarnation: 'c#1' } })
    }
    expect(inSyncAfter(1_900)).toBe(3)
    expect(inSyncAfter(200)).toBe(2)
  })

  it('takes nobody in again who was left out, before that one has something new', () => {
    const member = leader()
    member.hear('c', 6, { type: 'reconcile', request: 1, lastLsn: 1, lastEpoch: 6 })
    joinB(member)
    propose(member, 1)
    const storing = { durableLsn: 1, receivedLsn: 2, flushedLsn: 1, confirm: 0, gap: false }
    for (let passedMs = 0; passedMs < 2_000; passedMs += 100) {
      member.pass(100)
      for (const name of ['b', 'c']) member.hear(name, 6, { type: 'acknowledge', ...storing })
    }
    expect(change(member, '4').inSync).toHaveLength(2)
    for (const name of ['b', 'c']) member.hear(name, 6, { type: 'acknowledge', ...storing })
    expect(member.has('change-record')).toBe(false)
    const left = ['b', 'c'].find(
      (name) => !member.status.inSync.some((one) => one.member === name),
    )!
    acknowledge(member, 2, left)
    expect(change(member, '5').inSync).toContainEqual(storeOf(left))
  })

  it('lets what is under way end as unknown before it follows another one', () => {
    const member = leader()
    propose(member, 1)
    member.effects = []
    member.heartbeat('c', 7)
    const order = member.effects.map(({ type }) => type)
    expect(order.slice(0, 3)).toEqual(['persist-facts', 'reject', 'follow'])
    expect(member.take('reject').refusal).toEqual({ code: 'OUTCOME_UNKNOWN' })
    expect(member.status).toMatchObject({ role: 'follower', leader: 'c', epoch: 7 })
  })

  it('goes on when somebody deleted the record, and says so', () => {
    const member = leader()
    member.step({ type: 'record-may-have-changed' })
    member.read(undefined)
    expect(member.status).toMatchObject({ role: 'leader', notWritable: undefined })
    expect(member.status.problem).toContain('only an operator may make a new one')
    member.recover()
    expect(member.status.role).toBe('candidate')
  })

  it('goes on when the record is that of another cluster, whatever an operator says', () => {
    const member = leader()
    member.step({ type: 'record-may-have-changed' })
    member.read(recordOf({ clusterId: 'other' }))
    member.recover()
    expect(member.status).toMatchObject({ role: 'leader', clusterId: 'c' })
    expect(member.status.problem).toContain('that of cluster other')
  })
})

describe('a leader that reads a record of its epoch which it did not write', () => {
  const own = ['a', 'c'].map(storeOf)
  const readOf = (member: DrivenReplica, changes: Partial<ClusterRecord>) => {
    member.step({ type: 'record-may-have-changed' })
    member.read(recordOf({ epoch: 6, leader: leaderOf('a', 'a#2'), ...changes }), '9')
  }

  it('writes its own again, and commits on neither alone until then', () => {
    const member = leader()
    readOf(member, { inSync: ['a', 'b', 'c'].map(storeOf) })
    expect(member.status).toMatchObject({ role: 'leader', inSync: own })
    expect(member.status.problem).toMatch(/^the record is not the one that this leader wrote/)
    const { ticket, token, record } = member.take('change-record')
    expect([token, record.inSync]).toEqual(['9', own])
    propose(member, 1)
    member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
    acknowledge(member, 2)
    expect(member.has('apply')).toBe(false)
    member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: '10' } })
    expect(member.take('apply')).toMatchObject({ toLsn: 2 })
    expect(member.status.problem).toBeUndefined()
  })

  it('stops where it names another leader, as nobody can tell which of the two is right', () => {
    const member = leader()
    readOf(member, { leader: leaderOf('b') })
    expect(member.take('halt')).toMatchObject({ reopen: false })
    expect(member.status.role).toBe('halted')
    expect(member.status.problem).toContain('names b as the leader of epoch 6, which this member')
  })
})

describe('a store that comes back with less than it acknowledged', () => {
  const returns = (member: DrivenReplica, from: string, lastLsn: number, lastEpoch = 6) =>
    member.hear(from, 6, { type: 'reconcile', request: 1, lastLsn, lastEpoch }, `${from}#2`)

  /** Members a, b and c are in sync, and have everything up to entry 2. */
  const committed = () => {
    const member = leader()
    joinB(member)
    propose(member, 1)
    member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
    for (const from of ['b', 'c']) acknowledge(member, 2, from)
    expect(member.take('apply')).toMatchObject({ toLsn: 2 })
    member.step({ type: 'applied', lsn: 2, flushedLsn: 2 })
    return member
  }

  it('leaves the set, and joins it again once it has everything', () => {
    const member = committed()
    returns(member, 'c', 1)
    expect(member.status.problem).toMatch(/^c came back without entry 2, which it has to have/)
    expect(member.status.mayRecover).toBe(false)
    const { ticket, record } = member.take('change-record')
    expect(record.inSync).toEqual(['a', 'b'].map(storeOf))
    propose(member, 2)
    member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
    acknowledge(member, 3, 'b')
    // What its former process said comes too late to count.
    acknowledge(member, 3, 'c', 'c#1')
    expect(member.has('apply')).toBe(false)
    member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: '4' } })
    expect(member.take('apply')).toMatchObject({ toLsn: 3 })
    acknowledge(member, 3, 'c', 'c#2')
    expect(change(member, '5').inSync).toEqual(['a', 'b', 'c'].map(storeOf))
    // Somebody has to look at the disk, so it is still told.
    expect(member.status.problem).toBeUndefined()
    expect(member.status.losses).toMatch(/^c came back without entry 2/)
    // With an empty one it is another store.
    const from = { member: 'c', storeId: 'c/2', incarnation: 'c#3' }
    const body = { type: 'reconcile', request: 1, lastLsn: 0, lastEpoch: 0 } as const
    member.step({ type: 'message', message: { from, clusterId: 'c', epoch: 6, body } })
    expect(member.status.losses).toBeUndefined()
  })

  it('counts with what it has where the set cannot be smaller', () => {
    const member = leader()
    returns(member, 'c', 0, 0)
    expect(member.status.problem).toContain('c came back without entry 1')
    expect(member.has('change-record')).toBe(false)
    propose(member, 1)
    member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
    acknowledge(member, 1, 'c', 'c#2')
    expect(member.has('apply')).toBe(false)
    acknowledge(member, 2, 'c', 'c#2')
    expect(member.take('apply')).toMatchObject({ toLsn: 2 })
    expect(member.status.problem).toBeUndefined()
  })

  it('is not taken for one that was merely started anew', () => {
    const member = committed()
    returns(member, 'c', 2)
    acknowledge(member, 2, 'c', 'c#2')
    expect(member.has('change-record')).toBe(false)
    expect(member.status).toMatchObject({ problem: undefined, losses: undefined })
  })

  it('is known to a new leader by what is committed already', () => {
    const journal = { base: origin, ends: [{ lsn: 3, epoch: 5 }], sizes: [] }
    const member = new DrivenReplica(settledFacts, {}, { journal, appliedLsn: 3 })
    const { ticket } = member.attempt()
    member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: '2' } })
    returns(member, 'b', 2, 5)
    expect(member.status.problem).toBeUndefined()
    returns(member, 'c', 2, 5)
    expect(member.status.problem).toContain('c came back without entry 3')
  })
})

describe('a member that an operator removes', () => {
  const answerChange = (member: DrivenReplica, token: string) => {
    const { ticket, record } = member.take('change-record')
    member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token } })
    return record
  }

  it('stays in a set that may not be smaller until another one is in it, and never comes back', () => {
    const member = leader()
    member.step({ type: 'remove-member', member: 'c' })
    expect(answerChange(member, '3')).toMatchObject({
      inSync: [storeOf('a'), storeOf('c')],
      removed: [storeOf('c')],
    })
    // It is needed, so it still counts.
    propose(member, 1)
    member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
    acknowledge(member, 2)
    expect(member.take('apply')).toMatchObject({ toLsn: 2 })

    acknowledge(member, 2, 'b')
    expect(member.has('change-record')).toBe(false)
    member.hear('b', 6, { type: 'reconcile', request: 1, lastLsn: 0, lastEpoch: 0 })
    acknowledge(member, 2, 'b')
    expect(answerChange(member, '4').inSync).toEqual([storeOf('a'), storeOf('b')])

    member.effects = []
    member.hear('c', 6, { type: 'reconcile', request: 1, lastLsn: 2, lastEpoch: 6 })
    acknowledge(member, 2, 'c')
    expect(member.effects).toEqual([])
    // Only when it wants to stop it is told that nobody waits for it.
    member.hear('c', 6, { type: 'leave' })
    expect(member.take('send')).toMatchObject({ to: 'c', message: { body: { type: 'left' } } })
  })

  it('is remembered by the record although it was only heard of elsewhere', () => {
    const member = leader()
    member.step({ type: 'remove-member', member: 'd', storeId: 'd/1' })
    expect(answerChange(member, '3').removed).toEqual([storeOf('d')])
  })

  it('is told what it takes to come back', () => {
    const member = new DrivenReplica()
    member.read(recordOf({ inSync: [storeOf('b'), storeOf('c')], removed: [storeOf('a')] }))
    expect(member.status.problem).toContain('an operator removed this store')
  })
})

describe('how many copies are needed', () => {
  it('is what an operator wants, once so many are in sync', () => {
    const member = leader()
    member.step({ type: 'set-min-in-sync', minInSync: 3 })
    expect(member.has('change-record')).toBe(false)
    joinB(member)
    // What could not be had when it was asked for is not brought about later.
    expect(member.has('change-record')).toBe(false)
    member.step({ type: 'set-min-in-sync', minInSync: 3 })
    const { record } = member.take('change-record')
    expect(record).toMatchObject({ minInSync: 3, inSync: ['a', 'b', 'c'].map(storeOf) })
  })

  it('may be lowered at any time', () => {
    const member = leader()
    member.step({ type: 'set-min-in-sync', minInSync: 1 })
    expect(member.take('change-record').record).toMatchObject({
      minInSync: 1,
      inSync: [storeOf('a'), storeOf('c')],
    })
  })

  it('is not changed by what a leader would begin a new cluster with', () => {
    for (const minInSync of [1, 3]) {
      const member = leader({ minInSync })
      joinB(member)
      expect(member.has('change-record')).toBe(false)
      expect(member.status).toMatchObject({ minInSync: 2, minInSyncOfNew: minInSync })
    }
  })
})

describe('a member that was removed', () => {
  const removedB = (member: DrivenReplica) => {
    member.step({ type: 'remove-member', member: 'b', storeId: 'b/1' })
    expect(change(member, '3').removed).toEqual([storeOf('b')])
    catchUpB(member)
    expect(member.has('change-record')).toBe(false)
  }

  it('joins once it was let in again and the record says so', () => {
    const member = leader()
    removedB(member)
    member.step({ type: 'admit-member', member: 'b' })
    const { ticket, record } = member.take('change-record')
    expect(record.removed).toBeUndefined()
    catchUpB(member)
    member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: '4' } })
    catchUpB(member)
    expect(change(member, '5').inSync).toEqual(['a', 'b', 'c'].map(storeOf))
  })

  it('is out again when it is removed once more', () => {
    const member = leader()
    removedB(member)
    member.step({ type: 'admit-member', member: 'b' })
    member.step({ type: 'remove-member', member: 'b', storeId: 'b/1' })
    // The answer to the first change comes late, and the second one takes it back.
    expect(change(member, '4').removed).toBeUndefined()
    expect(change(member, '5').removed).toEqual([storeOf('b')])
  })

  it('is let in alone, and others stay out', () => {
    const member = leader()
    removedB(member)
    member.step({ type: 'remove-member', member: 'd', storeId: 'd/1' })
    expect(change(member, '4').removed).toEqual(['b', 'd'].map(storeOf))
    member.step({ type: 'admit-member', member: 'b' })
    expect(change(member, '5').removed).toEqual([storeOf('d')])
  })
})

describe('a leader that hands over', () => {
  const handingOver = () => {
    const member = leader()
    member.step({ type: 'hand-over' })
    propose(member, 1)
    expect(member.has('reject')).toBe(false)
    return member
  }

  it('refuses what comes meanwhile only when it is done, as what another one is to do', () => {
    const member = handingOver()
    acknowledge(member, 1)
    const { ticket } = member.take('change-record')
    member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: '3' } })
    expect(member.take('reject')).toMatchObject({ proposal: 1, refusal: { code: 'NOT_LEADER' } })
    expect(member.has('append-journal')).toBe(false)
  })

  it('does not keep it waiting when the coordinator is away', () => {
    const member = handingOver()
    member.pass(4_000)
    expect(member.take('reject').refusal).toMatchObject({ code: 'UNAVAILABLE' })
    propose(member, 2)
    expect(member.take('reject').refusal).toMatchObject({ code: 'UNAVAILABLE' })
  })
})
