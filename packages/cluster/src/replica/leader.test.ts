import { describe, expect, it } from 'vitest'
import { DrivenReplica } from '../../tests-support/driven-replica.js'

/** Member `a`, which leads epoch 6 with `c`; its mark is entry 1. */
function newLeader(): DrivenReplica {
  const member = new DrivenReplica()
  const { ticket } = member.attempt()
  member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: '2' } })
  member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
  return member
}

const acknowledge = (member: DrivenReplica, durableLsn: number) =>
  member.hear('c', 6, {
    type: 'acknowledge',
    durableLsn,
    receivedLsn: durableLsn,
    flushedLsn: durableLsn,
    confirm: 0,
    gap: false,
  })

/** As `newLeader`, with its mark committed and applied. */
function leader(): DrivenReplica {
  const member = newLeader()
  acknowledge(member, 1)
  const { toLsn } = member.take('apply')
  member.step({ type: 'applied', lsn: toLsn, flushedLsn: toLsn })
  expect(member.take('lead').epoch).toBe(6)
  return member
}

const propose = (member: DrivenReplica, proposal: number) =>
  member.step({ type: 'propose', proposal, payload: proposal, bytes: 10 })

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

  it('says who is missing when too few are in sync', () => {
    const member = leader()
    member.pass(3_000)
    propose(member, 1)
    expect(member.take('reject').refusal).toEqual({
      code: 'UNAVAILABLE',
      reason: 'in sync 1 of 2 needed; c does not acknowledge',
    })
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
    member.step({ type: 'recover' })
    expect(member.status.role).toBe('candidate')
  })
})
