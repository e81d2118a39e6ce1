import { beforeEach, describe, expect, it } from 'vitest'
import { DrivenReplica, recordOf } from '../../tests-support/driven-replica.js'
import { defaultTimes } from './options.js'

const waitMs = 2 * defaultTimes.replicaTimeoutMs

/** Member `a`, which follows `b` in epoch 5 and has nothing yet. */
class ReadingFollower extends DrivenReplica {
  #entries = 0
  /** The last number of the reads that were asked for. */
  #confirmation = 0

  constructor() {
    super()
    this.read(recordOf())
    this.hearLeader()
    const request = this.#sent('reconcile')[0]!.request
    this.hear('b', 5, { type: 'reconciled', request, answer: { type: 'settled' } })
    this.effects = []
  }

  hearLeader(commitLsn = 0): void {
    this.hear('b', 5, { type: 'heartbeat', commitLsn, trimLsn: 0, confirm: 0 })
  }

  /** A linearizable read begins; gives its number. */
  ask(): number {
    this.#confirmation += 1
    this.step({ type: 'confirm', confirmation: this.#confirmation })
    return this.#confirmation
  }

  /** Questions of the leader since the last call. */
  questions(): number[] {
    const requests = this.#sent('confirm').map(({ request }) => request)
    this.effects = this.effects.filter(
      (effect) => effect.type !== 'send' || effect.message.body.type !== 'confirm',
    )
    return requests
  }

  answer(request: number, lsn: number): void {
    this.hear('b', 5, { type: 'confirmed', request, lsn })
  }

  /** Reads that may begin since the last call. */
  confirmed(): number[] {
    const found = this.effects.flatMap((one) =>
      one.type === 'confirmed' ? [one.confirmation] : [],
    )
    this.effects = this.effects.filter(({ type }) => type !== 'confirmed')
    return found
  }

  /** The next entry is committed, and on this member's disk. */
  commit(): void {
    const lsn = ++this.#entries
    const entries = [{ lsn, epoch: 5, bytes: 1, payload: lsn }]
    const previous = { previousLsn: lsn - 1, previousEpoch: lsn === 1 ? 0 : 5 }
    this.hear('b', 5, { type: 'append', ...previous, commitLsn: lsn, entries })
    this.step({ type: 'journal-written', ticket: this.take('append-journal').ticket })
  }

  apply(): void {
    const { toLsn } = this.take('apply')
    this.step({ type: 'applied', lsn: toLsn, flushedLsn: 0 })
  }

  /** Lets time go by while the leader is heard. */
  passUnderLeader(ms: number): void {
    for (let passedMs = 0; passedMs < ms; passedMs += 100) {
      this.hearLeader()
      this.pass(100)
    }
  }

  #sent<Type extends 'confirm' | 'reconcile'>(type: Type) {
    return this.effects.flatMap((effect) => {
      if (effect.type !== 'send' || effect.message.body.type !== type) return []
      return [effect.message.body as { type: Type; request: number }]
    })
  }
}

describe('a linearizable read at a follower', () => {
  let member: ReadingFollower

  beforeEach(() => {
    member = new ReadingFollower()
  })

  it('begins once the leader has told what is committed and that is applied here', () => {
    const read = member.ask()
    const [question] = member.questions()
    member.commit()
    expect(member.confirmed()).toEqual([])
    member.answer(question!, 2)
    member.apply()
    expect(member.confirmed()).toEqual([])
    member.commit()
    expect(member.confirmed()).toEqual([])
    member.apply()
    expect(member.confirmed()).toEqual([read])
  })

  it('begins at once where all of that is applied already', () => {
    const read = member.ask()
    member.answer(member.questions()[0]!, 0)
    expect(member.confirmed()).toEqual([read])
  })

  it('is not answered by what an earlier one has asked', () => {
    const first = member.ask()
    const [question] = member.questions()
    const second = member.ask()
    expect(member.questions()).toEqual([])
    member.answer(question!, 0)
    expect(member.confirmed()).toEqual([first])
    const [next] = member.questions()
    expect(next).toBe(question! + 1)
    // Once more, as the network may have it.
    member.answer(question!, 0)
    expect(member.confirmed()).toEqual([])
    member.answer(next!, 0)
    expect(member.confirmed()).toEqual([second])
  })

  it('shares its question with all who wait when it goes out', () => {
    const first = member.ask()
    const [question] = member.questions()
    const others = [member.ask(), member.ask(), member.ask()]
    member.answer(question!, 0)
    const next = member.questions()
    expect(next).toHaveLength(1)
    member.answer(next[0]!, 0)
    expect(member.confirmed()).toEqual([first, ...others])
    expect(member.questions()).toEqual([])
  })

  it('is asked for again where no answer comes, and any answer to it counts', () => {
    const read = member.ask()
    const [lost] = member.questions()
    member.passUnderLeader(2 * defaultTimes.heartbeatMs)
    expect(member.questions()).toEqual([lost! + 1])
    member.answer(lost!, 0)
    expect(member.confirmed()).toEqual([read])
  })

  it('takes no answer to what it has not asked', () => {
    member.ask()
    const [question] = member.questions()
    member.answer(question! + 1, 0)
    expect(member.confirmed()).toEqual([])
  })

  it('may be tried again where the leader does not tell in time', () => {
    const read = member.ask()
    member.passUnderLeader(waitMs - 100)
    expect(member.has('unconfirmed')).toBe(false)
    member.passUnderLeader(100)
    expect(member.take('unconfirmed')).toMatchObject({
      confirmation: read,
      refusal: { code: 'UNAVAILABLE', reason: 'the leader does not confirm what is committed' },
    })
    // Nobody waits any more.
    member.questions()
    member.passUnderLeader(waitMs)
    expect(member.questions()).toEqual([])
  })

  it('is for the leader where this member is too far behind', () => {
    const read = member.ask()
    member.answer(member.questions()[0]!, 1_000_000)
    member.passUnderLeader(waitMs)
    expect(member.take('unconfirmed')).toMatchObject({
      confirmation: read,
      refusal: { code: 'NOT_LEADER', leader: 'b:1337' },
    })
  })

  it('is for the leader at once where this member needs a snapshot', () => {
    member.hear('b', 5, { type: 'reconcile-again' })
    const sent = member.effects.findLast(
      (one) => one.type === 'send' && one.message.body.type === 'reconcile',
    ) as { message: { body: { request: number } } }
    const { request } = sent.message.body
    member.hear('b', 5, { type: 'reconciled', request, answer: { type: 'snapshot' } })
    member.ask()
    expect(member.take('unconfirmed').refusal).toMatchObject({ code: 'NOT_LEADER' })
    expect(member.questions()).toEqual([])
  })

  it('is refused at once where no leader is heard', () => {
    member.pass(3 * defaultTimes.heartbeatMs)
    member.ask()
    expect(member.take('unconfirmed').refusal).toMatchObject({ code: 'NOT_LEADER' })
    expect(member.questions()).toEqual([])
  })

  it('may be tried again once the lead has changed, whatever the former leader told', () => {
    member.ask()
    const [question] = member.questions()
    member.answer(question!, 1)
    member.heartbeat('c', 6)
    expect(member.take('unconfirmed').refusal).toEqual({
      code: 'UNAVAILABLE',
      reason: 'the lead has changed meanwhile',
    })
    member.answer(question!, 0)
    expect(member.confirmed()).toEqual([])
    const read = member.ask()
    const [next] = member.questions()
    expect(next).toBe(question! + 1)
    // Only the leader of this epoch is believed.
    member.answer(next!, 0)
    expect(member.confirmed()).toEqual([])
    member.hear('c', 6, { type: 'confirmed', request: next!, lsn: 0 })
    expect(member.confirmed()).toEqual([read])
  })

  it('is refused when this member halts', () => {
    member.ask()
    member.step({ type: 'storage-failed', reason: 'EIO' })
    expect(member.take('unconfirmed').refusal).toMatchObject({ code: 'UNAVAILABLE' })
  })
})
