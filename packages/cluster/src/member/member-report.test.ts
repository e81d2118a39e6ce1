import { describe, expect, it } from 'vitest'
import { DrivenReplica } from '../../tests-support/driven-replica.js'
import { type MemberCondition, memberReport } from './member-report.js'

const condition: MemberCondition = {
  draining: false,
  unhealthy: undefined,
  peerAddress: '10.0.0.1:1339',
  load: 0,
}

const store = { member: 'a', storeId: 'a/1' }

/** What a leader of itself alone tells, which is in sync. */
function told(
  more: Partial<DrivenReplica['status']> = {},
  changes: Partial<MemberCondition> = {},
): ReturnType<typeof memberReport> {
  const { status } = new DrivenReplica()
  const leader = { ...status, ...store, role: 'leader', inSync: [store], caughtUp: true } as const
  return memberReport({ ...leader, ...more }, { ...condition, ...changes })
}

describe('what a leader tells of itself', () => {
  it('is that it serves', () => {
    expect(told()).toMatchObject({ health: 'serving', role: 'leader', hearsLeader: true })
    expect(told().notWritable).toBeUndefined()
  })

  it('is why it takes no writes, whatever else is the matter', () => {
    const notWritable = 'in sync 1 of 2 needed'
    expect(told({ notWritable })).toMatchObject({
      health: 'serving',
      reason: notWritable,
      notWritable,
    })
    const problem = 'the record of the cluster is gone'
    expect(told({ notWritable, problem })).toMatchObject({ reason: notWritable, notWritable })
    expect(told({ notWritable }, { draining: true })).toMatchObject({
      health: 'draining',
      notWritable,
    })
  })

  it.each([
    ['a problem', told({ problem: 'the record of the cluster is gone' }), 'unhealthy'],
    ['that it has just begun to lead', told({ caughtUp: false }), 'catching-up'],
    ['that it stops', told({}, { draining: true }), 'draining'],
  ] as const)('may be %s, with which it takes writes', (_, report, health) => {
    expect(report).toMatchObject({ health, reason: expect.any(String) as string })
    expect(report.notWritable).toBeUndefined()
  })
})
