import type { ClusterMember } from '@goethe/cluster'
import { GoetheError } from '@goethe/core'
import { type ManualClock, manualClock } from '@goethe/core/testing'
import { describe, expect, it } from 'vitest'
import { ClusterOperations } from './cluster-operations.js'

/** What is used of a member, in a state that can be changed. */
class StandIn {
  readonly replica = {
    member: 'goethe-0',
    role: 'leader' as string,
    leader: 'goethe-0' as string | undefined,
    epoch: 3,
    hearsLeader: false,
    namedLeader: undefined as string | undefined,
    inSync: [{ member: 'goethe-0' }, { member: 'goethe-1' }],
    removed: [] as { member: string }[],
    minInSync: 2,
    notWritable: undefined as string | undefined,
    problem: undefined as string | undefined,
    mayRecover: false,
  }
  /** What was asked of it. */
  readonly asked: string[] = []
  /** What comes of that. */
  onAsked: () => void = () => undefined

  handOver(): void {
    this.#ask('hand over')
  }

  remove(member: string): void {
    this.#ask(`remove ${member}`)
  }

  admit(member: string): void {
    this.#ask(`admit ${member}`)
  }

  setMinInSync(minInSync: number): void {
    this.#ask(`need ${minInSync}`)
  }

  recover(waitMs: number): void {
    this.#ask(`recover within ${waitMs} ms`)
  }

  get status() {
    const members = [{ member: 'goethe-0' }, { member: 'goethe-1' }, { member: 'goethe-2' }]
    return { replica: this.replica, members: { members } }
  }

  #ask(what: string): void {
    this.asked.push(what)
    this.onAsked()
  }
}

function operated(fewestInSync?: number) {
  const member = new StandIn()
  const clock = manualClock()
  const operations = new ClusterOperations({
    member: () => member as unknown as ClusterMember,
    elsewhere: () => new GoetheError('GOETHE_NOT_LEADER', 'Writes go to goethe-1'),
    fewestInSync,
    clock,
  })
  return { member, clock, operations }
}

/** Longer than anybody waits, while whoever waits looks again and again. */
async function letPass(clock: ManualClock): Promise<void> {
  for (let passedMs = 0; passedMs <= 11_000; passedMs += 50) {
    clock.advance(50)
    await new Promise(setImmediate)
  }
}

describe('an operator', () => {
  it('has the lead handed over, and is answered once another member has it', async () => {
    const { member, operations } = operated()
    member.onAsked = () => {
      member.replica.epoch = 4
    }
    await operations.handOver(3)
    // Asked again, as a client does that missed the answer.
    await operations.handOver(3)
    expect(member.asked).toEqual(['hand over'])
  })

  it('is told when nobody takes the lead over', async () => {
    const { clock, operations } = operated()
    const outcome = operations.handOver(3).catch((error: unknown) => error)
    await letPass(clock)
    expect(await outcome).toMatchObject({
      code: 'GOETHE_DEADLINE',
      message: 'goethe-0 gives up the lead, but nobody has taken it over yet',
    })
  })

  it('is sent to the leader by others', async () => {
    const { member, operations } = operated()
    member.replica.role = 'follower'
    await expect(operations.handOver(3)).rejects.toMatchObject({ code: 'GOETHE_NOT_LEADER' })
    for (const asked of [
      operations.removeMember('goethe-1'),
      operations.addMember('goethe-1'),
      operations.setMinInSync(1),
    ]) {
      await expect(asked).rejects.toMatchObject({ code: 'GOETHE_NOT_LEADER' })
    }
    expect(member.asked).toEqual([])
  })

  it('removes a member that is known and does not lead', async () => {
    const { member, operations } = operated()
    member.onAsked = () => {
      member.replica.inSync.pop()
      member.replica.removed.push({ member: 'goethe-1' })
    }
    await operations.removeMember('goethe-1')
    // One that is not in sync is kept out all the same.
    member.onAsked = () => void member.replica.removed.push({ member: 'goethe-2' })
    await operations.removeMember('goethe-2')
    expect(member.asked).toEqual(['remove goethe-1', 'remove goethe-2'])
    await expect(operations.removeMember('goethe-0')).rejects.toThrow('let it hand over first')
    await expect(operations.removeMember('goethe-7')).rejects.toThrow(
      'There is no member goethe-7; there are goethe-0, goethe-1, goethe-2',
    )
  })

  it('is told that nobody knows yet of a removal that the record does not have', async () => {
    const { clock, operations } = operated()
    const outcome = operations.removeMember('goethe-2').catch((error: unknown) => error)
    await letPass(clock)
    expect(await outcome).toMatchObject({
      code: 'GOETHE_DEADLINE',
      message: 'The record does not say yet that goethe-2 was removed',
    })
  })

  it('is told that a member stays as long as nobody can take its place', async () => {
    const { clock, operations } = operated()
    const outcome = operations.removeMember('goethe-1').catch((error: unknown) => error)
    await letPass(clock)
    expect(await outcome).toMatchObject({
      code: 'GOETHE_DEADLINE',
      message:
        'goethe-1 stays among those in sync until another member can take its place: 2 are in ' +
        'sync, and 2 needed (goethe cluster min-in-sync)',
    })
  })

  it('lets in again what was taken out under a name', async () => {
    const { member, clock, operations } = operated()
    member.replica.removed.push({ member: 'goethe-2' }, { member: 'goethe-3' })
    const outcome = operations.addMember('goethe-2').catch((error: unknown) => error)
    await letPass(clock)
    expect(await outcome).toMatchObject({
      code: 'GOETHE_DEADLINE',
      message: 'The record still says that goethe-2 was removed',
    })
    member.onAsked = () => void member.replica.removed.shift()
    await operations.addMember('goethe-2')
    expect(member.replica.removed).toEqual([{ member: 'goethe-3' }])
    expect(member.asked).toEqual(['admit goethe-2', 'admit goethe-2'])
  })

  it('sets how many are needed, and never more than there are', async () => {
    const { member, clock, operations } = operated()
    for (const [minInSync, message] of [
      [0, 'At least 1 member has to be in sync; got 0'],
      [1.5, 'At least 1 member has to be in sync; got 1.5'],
      [3, 'Nothing could be written: in sync 2 of 3 needed'],
    ] as const) {
      await expect(operations.setMinInSync(minInSync)).rejects.toMatchObject({
        code: 'GOETHE_INVALID_ARGUMENT',
        message,
      })
    }
    expect(member.asked).toEqual([])
    member.onAsked = () => {
      member.replica.minInSync = 1
    }
    await operations.setMinInSync(1)
    // One leaves while the coordinator is asked: what was wanted cannot be had any more.
    member.onAsked = () => void member.replica.inSync.pop()
    const outcome = operations.setMinInSync(2).catch((error: unknown) => error)
    await letPass(clock)
    expect(await outcome).toMatchObject({
      code: 'GOETHE_INVALID_ARGUMENT',
      message: 'Nothing could be written: in sync 1 of 2 needed',
    })
    expect(member.asked).toEqual(['need 1', 'need 2'])
  })

  it('makes a member lead only where nobody does', async () => {
    const { member, operations } = operated()
    await expect(operations.recover()).rejects.toThrow('there is nothing to recover')
    Object.assign(member.replica, { role: 'follower', leader: 'goethe-1', hearsLeader: true })
    await expect(operations.recover()).rejects.toThrow('goethe-1 leads')
    expect(member.asked).toEqual([])
    Object.assign(member.replica, { role: 'candidate', leader: undefined, hearsLeader: false })
    member.onAsked = () => {
      Object.assign(member.replica, { role: 'leader', epoch: 4 })
    }
    await operations.recover()
    // The record is gone, and whoever leads goes on without.
    Object.assign(member.replica, {
      problem: 'the record of the cluster is gone',
      mayRecover: true,
    })
    member.onAsked = () => {
      member.replica.epoch = 5
    }
    await operations.recover()
    const asked = 'recover within 10000 ms'
    expect(member.asked).toEqual([asked, asked])
  })

  it('is told at once where nothing can come of it that a member is to lead', async () => {
    const { member, operations } = operated()
    const lost = 'goethe-1 came back without entry 7, which it has to have'
    Object.assign(member.replica, { problem: lost, mayRecover: false })
    await expect(operations.recover()).rejects.toMatchObject({
      code: 'GOETHE_INVALID_ARGUMENT',
      message: `This member leads: there is nothing to recover; what is the matter is another thing: ${lost}`,
    })
    Object.assign(member.replica, { role: 'halted', problem: 'its disk is damaged' })
    await expect(operations.recover()).rejects.toMatchObject({
      code: 'GOETHE_INVALID_ARGUMENT',
      message: 'This member takes no part, and cannot lead: its disk is damaged',
    })
    expect(member.asked).toEqual([])
  })

  it('wants no fewer copies than a majority has where a leader is named', async () => {
    const { member, operations } = operated(2)
    await expect(operations.setMinInSync(1)).rejects.toMatchObject({
      code: 'GOETHE_INVALID_ARGUMENT',
      message: expect.stringContaining('at least 2; got 1') as string,
    })
    expect(member.asked).toEqual([])
  })

  it('is told where a leader is named that another one leads once it is named', async () => {
    const { member, operations } = operated()
    member.replica.namedLeader = 'goethe-0'
    await expect(operations.handOver(3)).rejects.toMatchObject({
      code: 'GOETHE_INVALID_ARGUMENT',
      message: expect.stringContaining('leads because cluster.leader says so') as string,
    })
    Object.assign(member.replica, { namedLeader: 'goethe-1', role: 'candidate' })
    await expect(operations.recover()).rejects.toMatchObject({
      code: 'GOETHE_INVALID_ARGUMENT',
      message: expect.stringContaining('cluster.leader names goethe-1 here') as string,
    })
    expect(member.asked).toEqual([])
  })
})
