import { describe, expect, it } from 'vitest'
import {
  DrivenReplica,
  leaderOf,
  recordOf,
  settledFacts,
  storeOf,
} from '../../tests-support/driven-replica.js'
import { noFacts } from './facts.js'

describe('a member that hears nothing of the leader', () => {
  it('asks for the next epoch only when its promise is on disk', () => {
    const member = new DrivenReplica()
    member.read(recordOf())
    member.pass(2_000)
    member.read(recordOf())
    expect(member.has('change-record')).toBe(false)
    expect(member.persist()).toEqual({ ...settledFacts, attempt: { epoch: 6, token: '1' } })
    expect(member.take('change-record')).toMatchObject({
      token: '1',
      record: { epoch: 6, leader: leaderOf('a', 'a#2'), inSync: [storeOf('a'), storeOf('c')] },
    })
  })

  it('leaves the old leader in the set when the set would get too small', () => {
    const member = new DrivenReplica()
    const record = recordOf({ inSync: [storeOf('a'), storeOf('b')] })
    member.read(record)
    member.pass(2_000)
    member.read(record)
    member.persist()
    expect(member.take('change-record').record.inSync).toEqual(record.inSync)
  })

  it('waits as long as another member hears the leader', () => {
    const member = new DrivenReplica()
    member.read(recordOf())
    for (let second = 0; second < 4; second++) {
      member.pass(500)
      member.step({ type: 'leader-heard', epoch: 5 })
    }
    expect(member.has('persist-facts')).toBe(false)
  })

  describe('but that a message of somebody is on its way in', () => {
    /** For 4 s, while the record tells of `b` as before. */
    const hearing = (incarnation: string): DrivenReplica => {
      const member = new DrivenReplica()
      member.read(recordOf())
      member.heartbeat('b', 5)
      for (let passedMs = 0; passedMs < 4_000; passedMs += 500) {
        member.pass(500)
        if (member.has('read-record')) member.read(recordOf())
        member.step({ type: 'peer-sends', peer: { ...storeOf('b'), incarnation } })
      }
      return member
    }

    it('waits for the leader', () => {
      const member = hearing('b#1')
      expect(member.has('persist-facts')).toBe(false)
      expect(member.status).toMatchObject({ role: 'follower', hearsLeader: true })
      member.pass(2_000)
      member.read(recordOf())
      expect(member.persist().attempt).toMatchObject({ epoch: 6 })
    })

    it('does not wait for another process', () => {
      expect(hearing('b#2').persist().attempt).toMatchObject({ epoch: 6 })
    })
  })

  it('does nothing while the coordinator does not answer', () => {
    const member = new DrivenReplica()
    member.read(recordOf())
    for (let attempt = 0; attempt < 5; attempt++) {
      member.pass(3_000)
      const { ticket } = member.take('read-record')
      member.step({ type: 'record-read', ticket, result: { type: 'failed', reason: 'away' } })
    }
    expect(member.has('persist-facts')).toBe(false)
  })

  it('never asks when it is not in the set', () => {
    const member = new DrivenReplica()
    const record = recordOf({ inSync: [storeOf('b'), storeOf('c')] })
    member.read(record)
    for (let reads = 0; reads < 5; reads++) {
      member.pass(3_000)
      member.read(record)
    }
    expect(member.has('persist-facts')).toBe(false)
  })
})

describe('an attempt whose outcome is unknown', () => {
  const unknown = { outcome: 'unknown', cause: 'no answer' } as const

  it('keeps the promise and asks again while the record stands still', () => {
    const member = new DrivenReplica()
    const { ticket } = member.attempt()
    member.step({ type: 'record-changed', ticket, outcome: unknown })
    member.heartbeat('b', 5)
    expect(member.status.role).toBe('candidate')
    member.pass(500)
    member.read(recordOf())
    expect(member.take('change-record')).toMatchObject({ token: '1', record: { epoch: 6 } })
  })

  it('is a success when the record turns out to be its own', () => {
    const member = new DrivenReplica()
    const { ticket, record } = member.attempt()
    member.step({ type: 'record-changed', ticket, outcome: unknown })
    member.pass(500)
    member.read(record, '2')
    expect(member.status).toMatchObject({ role: 'leader', epoch: 6 })
  })

  it('is withdrawn when the record has moved on without it, and the leader is followed again', () => {
    const member = new DrivenReplica()
    const { ticket } = member.attempt()
    member.step({ type: 'record-changed', ticket, outcome: unknown })
    member.pass(500)
    member.read(recordOf(), '2')
    expect(member.effects.filter(({ type }) => type === 'persist-facts')[0]).toMatchObject({
      facts: { seenEpoch: 5, attempt: undefined },
    })
  })

  it('is made again only after a pause when it was turned away', () => {
    const member = new DrivenReplica()
    const { ticket } = member.attempt()
    const outcome = { outcome: 'failed', cause: 'forbidden' } as const
    member.step({ type: 'record-changed', ticket, outcome })
    expect(member.has('read-record')).toBe(false)
    member.pass(500)
    member.read(recordOf())
    expect(member.take('change-record')).toMatchObject({ token: '1', record: { epoch: 6 } })
  })

  it('is over when another member leads the epoch that it asked for', () => {
    const member = new DrivenReplica()
    const { ticket } = member.attempt()
    member.step({ type: 'record-changed', ticket, outcome: unknown })
    member.heartbeat('c', 6)
    expect(member.status).toMatchObject({ role: 'follower', leader: 'c', epoch: 6 })
    expect(member.persist()).toEqual({ clusterId: 'c', seenEpoch: 6, attempt: undefined })
  })
})

describe('a member that starts', () => {
  it('answers no leader before it has read the record', () => {
    const member = new DrivenReplica()
    member.heartbeat('b', 5)
    expect(member.has('send')).toBe(false)
    member.read(recordOf())
    member.heartbeat('b', 5)
    expect(member.take('send').message.body.type).toBe('reconcile')
  })

  it('leads again at once, in a new epoch, when its former self did', () => {
    const member = new DrivenReplica()
    member.read(recordOf({ leader: leaderOf('a', 'a#1') }))
    member.persist()
    expect(member.take('change-record').record.epoch).toBe(6)
  })

  it('refuses a record older than what it has seen', () => {
    const member = new DrivenReplica()
    member.read(recordOf({ epoch: 4 }))
    expect(member.status.problem).toBe('the record is of epoch 4, but 5 was seen already')
  })

  it('makes a record only as a virgin among virgins', () => {
    const virgin = new DrivenReplica(noFacts)
    virgin.read(undefined)
    expect(virgin.has('persist-facts')).toBe(false)
    virgin.step({ type: 'peers', members: ['b', 'c'], allVirgin: true })
    virgin.pass(1_000)
    virgin.read(undefined)
    virgin.persist()
    expect(virgin.take('change-record')).toMatchObject({
      token: undefined,
      record: { clusterId: 'new', epoch: 1, inSync: [storeOf('a')], minInSync: 2 },
    })

    const veteran = new DrivenReplica()
    veteran.step({ type: 'peers', members: ['b', 'c'], allVirgin: true })
    veteran.read(undefined)
    expect(veteran.has('persist-facts')).toBe(false)
    expect(veteran.status.problem).toContain('only an operator may make a new one')
  })

  it('leads alone, in a new epoch, when an operator says so', () => {
    const member = new DrivenReplica()
    member.read(undefined)
    member.recover()
    member.pass(1_000)
    member.read(undefined)
    member.persist()
    expect(member.take('change-record').record).toMatchObject({
      clusterId: 'c',
      epoch: 1_005,
      inSync: [storeOf('a')],
      recovery: { ...storeOf('a'), epoch: 1_005, lsn: 0 },
    })
  })

  it('says no more that the record is gone once it has made another one', () => {
    const member = new DrivenReplica()
    member.read(undefined)
    member.recover()
    member.pass(1_000)
    member.read(undefined)
    expect(member.status.problem).toContain('the record of the cluster is gone')
    member.persist()
    const { ticket } = member.take('change-record')
    member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: 'T2' } })
    expect(member.status).toMatchObject({ role: 'leader', problem: undefined })
  })

  it('does so in the next epoch where the record tells which one that is', () => {
    const member = new DrivenReplica()
    member.recover()
    member.read(recordOf({ inSync: [storeOf('b'), storeOf('c')] }))
    member.persist()
    expect(member.take('change-record').record.epoch).toBe(6)
  })

  it('leaves the record of another cluster alone, whatever an operator says', () => {
    const member = new DrivenReplica()
    member.recover()
    member.read(recordOf({ clusterId: 'other' }))
    member.pass(3_000)
    expect(member.has('persist-facts')).toBe(false)
    expect(member.status).toMatchObject({
      clusterId: 'c',
      problem: 'the record is that of cluster other, this store belongs to c',
    })
  })

  it('does not when somebody has come to lead since', () => {
    const member = new DrivenReplica()
    member.recover()
    member.read(recordOf({ epoch: 6, inSync: [storeOf('b'), storeOf('c')] }))
    member.persist()
    member.pass(3_000)
    expect(member.has('persist-facts')).toBe(false)
    expect(member.has('change-record')).toBe(false)
  })

  it('forgets that as soon as somebody leads', () => {
    const member = new DrivenReplica()
    const record = recordOf({ inSync: [storeOf('b'), storeOf('c')] })
    member.read(record)
    member.recover()
    const { ticket } = member.take('read-record')
    member.heartbeat('b', 5)
    member.step({ type: 'record-read', ticket, result: { type: 'failed', reason: 'away' } })
    member.pass(3_000)
    member.read(record)
    expect(member.has('persist-facts')).toBe(false)
    expect(member.status.role).toBe('follower')
  })

  it.each([
    [9_000, 'tries for as long as the operator waits', true],
    [10_000, 'tries no more when the operator has given up', false],
  ])('%i ms after it was told to, while the coordinator was away, %s', (ms, _, tries) => {
    const member = new DrivenReplica()
    const record = recordOf({ inSync: [storeOf('b'), storeOf('c')] })
    member.read(record)
    member.recover()
    const { ticket } = member.take('read-record')
    member.step({ type: 'record-read', ticket, result: { type: 'failed', reason: 'away' } })
    member.pass(ms)
    member.read(record)
    expect(member.has('persist-facts')).toBe(tries)
  })

  it('asks for nothing that an operator wanted when its promise is on disk too late', () => {
    const member = new DrivenReplica()
    member.recover()
    member.read(recordOf({ inSync: [storeOf('b'), storeOf('c')] }))
    member.pass(10_000)
    expect(member.persist().attempt?.epoch).toBe(6)
    expect(member.has('change-record')).toBe(false)
  })
})
