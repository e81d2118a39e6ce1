import { describe, expect, it } from 'vitest'
import {
  DrivenReplica,
  leaderOf,
  recordOf,
  settledFacts,
  storeOf,
} from '../../tests-support/driven-replica.js'
import { rulesOfMajority } from '../member/named-leader.js'
import { noFacts } from './facts.js'

/** Member `a`, whose configuration names this one as leader. */
const named = (namedLeader: string, facts = settledFacts) =>
  new DrivenReplica(facts, { namedLeader })

const ask = (member: DrivenReplica, candidate: string, epoch: number, grant = 1): void => {
  member.step({ type: 'grant', grant, epoch, candidate: storeOf(candidate) })
}

describe('a grant', () => {
  it('is given once it is on disk, and tells where the journal ends', () => {
    const member = named('b')
    ask(member, 'b', 6)
    expect(member.has('granted')).toBe(false)
    expect(member.persist().granted).toEqual({ epoch: 6, storeId: 'b/1' })
    expect(member.take('granted')).toMatchObject({ grant: 1, last: { lsn: 0, epoch: 0 } })
  })

  it('is given to the member alone that the configuration names', () => {
    const member = named('b')
    ask(member, 'c', 6)
    expect(member.take('not-granted')).toMatchObject({
      epoch: 5,
      reason: 'its configuration names b as the leader, not c',
    })
    const free = new DrivenReplica()
    ask(free, 'c', 6)
    expect(free.take('not-granted').reason).toContain('names nobody as the leader')
  })

  it('is given for each epoch to one store, which may ask again until it leads', () => {
    const member = named('b')
    ask(member, 'b', 6)
    member.persist()
    member.take('granted')
    ask(member, 'b', 6, 2)
    expect(member.take('granted').grant).toBe(2)
    member.step({
      type: 'grant',
      grant: 3,
      epoch: 6,
      candidate: { member: 'b', storeId: 'b/2' },
    })
    expect(member.take('not-granted')).toMatchObject({ grant: 3, epoch: 6 })
    member.read(recordOf({ epoch: 6 }))
    ask(member, 'b', 6, 4)
    expect(member.take('not-granted')).toMatchObject({ grant: 4, epoch: 6 })
  })

  it('is not given for an epoch that is known, or was promised to itself', () => {
    const member = named('b')
    ask(member, 'b', 5)
    expect(member.take('not-granted')).toMatchObject({ epoch: 5 })
    const promised = named('b', { ...settledFacts, attempt: { epoch: 6, token: '1' } })
    ask(promised, 'b', 6)
    expect(promised.take('not-granted').reason).toBe('it knows of epoch 6 already')
  })

  it('is not given by a disk that is new, but for the first epoch of all', () => {
    const virgin = named('b', noFacts)
    ask(virgin, 'b', 6)
    expect(virgin.take('not-granted').reason).toBe(
      'its disk is new, and it has followed nobody yet',
    )
    ask(virgin, 'b', 1)
    expect(virgin.persist().granted).toEqual({ epoch: 1, storeId: 'b/1' })
    expect(virgin.has('granted')).toBe(true)
  })

  it('refuses what a leader of a lower epoch says, and tells it why', () => {
    const member = named('c')
    member.read(recordOf({ leader: leaderOf('b') }))
    member.heartbeat('b', 5)
    expect(member.status.role).toBe('follower')
    ask(member, 'c', 6)
    expect(member.status.role).toBe('candidate')
    member.persist()
    member.effects = []
    member.heartbeat('b', 5)
    expect(member.take('send')).toMatchObject({
      to: 'b',
      message: { epoch: 6, body: { type: 'refuse' } },
    })
    expect(member.status.role).toBe('candidate')
    member.heartbeat('c', 6)
    expect(member.status).toMatchObject({ role: 'follower', leader: 'c', epoch: 6 })
  })

  it('survives a restart', () => {
    const member = named('c', { ...settledFacts, granted: { epoch: 6, storeId: 'c/1' } })
    member.read(recordOf())
    member.effects = []
    member.heartbeat('b', 5)
    expect(member.take('send').message).toMatchObject({ epoch: 6, body: { type: 'refuse' } })
    ask(member, 'c', 6)
    expect(member.has('granted')).toBe(true)
  })

  it('is not told as an epoch of its own to the store that it was given to', () => {
    const member = named('b')
    member.read(recordOf())
    ask(member, 'b', 6)
    member.persist()
    member.effects = []
    member.heartbeat('b', 5)
    expect(member.has('send')).toBe(false)
  })
})

describe('where a leader is named', () => {
  it('nobody else tries, however long it is silent, nor leads when told to', () => {
    const member = named('b')
    for (let reads = 0; reads < 10; reads++) {
      if (member.has('read-record')) member.read(recordOf())
      member.pass(3_000)
    }
    expect(member.has('persist-facts')).toBe(false)
    member.recover()
    if (member.has('read-record')) member.read(recordOf())
    expect(member.has('persist-facts')).toBe(false)
  })

  it('nobody else makes a record', () => {
    const member = named('b', noFacts)
    member.step({ type: 'peers', members: ['b', 'c'], allVirgin: true })
    member.read(undefined)
    member.pass(3_000)
    expect(member.has('persist-facts')).toBe(false)
  })

  it('the named one tries as soon as it has read the record', () => {
    const member = named('a')
    member.read(recordOf({ leader: undefined }))
    expect(member.persist().attempt).toEqual({ epoch: 6, token: '1' })
    expect(member.take('change-record').record.inSync).toEqual(['a', 'b', 'c'].map(storeOf))
  })

  it('the named one says why it was turned away, and goes on trying', () => {
    const member = named('a')
    member.read(recordOf({ leader: undefined }))
    member.persist()
    const { ticket } = member.take('change-record')
    const cause = new Error('goethe-1 does not grant it')
    member.step({ type: 'record-changed', ticket, outcome: { outcome: 'failed', cause } })
    expect(member.status.problem).toBe('goethe-1 does not grant it')
    member.pass(500)
    member.read(recordOf({ leader: undefined }))
    expect(member.take('change-record')).toMatchObject({ token: '1', record: { epoch: 6 } })
  })

  it('the named one does not go on from its record when another member knows of a higher epoch', () => {
    const member = named('a')
    member.read(recordOf({ leader: undefined }))
    member.persist()
    const { ticket } = member.take('change-record')
    member.step({ type: 'epoch-known', epoch: 6 })
    const outcome = { outcome: 'failed', cause: new Error('refused') } as const
    member.step({ type: 'record-changed', ticket, outcome })
    member.persist()
    member.read(recordOf({ leader: undefined }))
    expect(member.status.problem).toBe('the record is of epoch 5, but 6 was seen already')
    member.pass(3_000)
    expect(member.has('change-record')).toBe(false)
    member.effects = []
  })

  it('an operator lets it lead with a higher epoch than it has granted itself', () => {
    const member = named('a', { ...settledFacts, granted: { epoch: 7, storeId: 'b/1' } })
    member.read(recordOf())
    expect(member.status.problem).toBe('the record is of epoch 5, but 7 was seen already')
    member.recover()
    member.pass(1_000)
    member.read(recordOf())
    member.persist()
    expect(member.take('change-record').record).toMatchObject({
      epoch: 1_007,
      inSync: [storeOf('a')],
      recovery: { ...storeOf('a'), epoch: 1_007, lsn: 0 },
    })
  })
})

describe('a member of five, one of which is named as leader', () => {
  it('says that a majority is needed, also where the record asks for fewer', () => {
    const rules = rulesOfMajority({ leader: 'b', members: ['a', 'b', 'c', 'd', 'e'] })
    const member = new DrivenReplica(settledFacts, { namedLeader: 'b', rules })
    member.read(recordOf({ minInSync: 2 }))
    expect(member.status.minInSync).toBe(3)
  })
})
