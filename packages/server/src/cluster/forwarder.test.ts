import { type AbortSignalLike, GoetheError } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { create, eventLogMethods, messages } from '@goethe/protocol'
import { describe, expect, it } from 'vitest'
import { decodeRequest, encodeAnswer } from './forward-codec.js'
import { type ForwardTarget, Forwarder, type ForwardingMember } from './forwarder.js'

const { deleteTopic, openCursor } = eventLogMethods
const request = create(messages.DeleteTopicRequestSchema, { topic: 'plays' })
const done = deleteTopic.response.encode(create(messages.DeleteTopicResponseSchema))

/** A member whose leader answers as the test says, and which applies as far as the test says. */
class StandIn implements ForwardingMember {
  forwardBytesMax = 1000
  readonly asked: { to: string; path: string; signal: AbortSignalLike | undefined }[] = []
  answer: () => Promise<Uint8Array> = () =>
    Promise.resolve(encodeAnswer({ appliedLsn: 0, outcome: done }))
  appliedLsn = 0
  readonly #waits = new Map<() => void, number>()

  forward(to: string, bytes: Uint8Array, signal?: AbortSignalLike): Promise<Uint8Array> {
    this.asked.push({ to, path: decodeRequest(bytes).path, signal })
    return this.answer()
  }

  whenApplied(lsn: number, callback: () => void): () => void {
    this.#waits.set(callback, lsn)
    this.apply(this.appliedLsn)
    return () => this.#waits.delete(callback)
  }

  apply(appliedLsn: number): void {
    this.appliedLsn = appliedLsn
    for (const [callback, lsn] of this.#waits) if (lsn <= appliedLsn) callback()
  }

  get waits(): number {
    return this.#waits.size
  }
}

function forwarding() {
  const member = new StandIn()
  const clock = manualClock()
  const refusal = new GoetheError('GOETHE_NOT_LEADER', 'Writes go to goethe-1')
  const target: ForwardTarget = { member, leader: 'goethe-1', refusal }
  const forwarder = new Forwarder({ target: () => target, clock, retryDelayMs: 200 })
  const carry = (signal?: AbortSignal) => forwarder.carry(target, deleteTopic, request, signal)
  return { member, clock, target, forwarder, carry }
}

const failing = (code: ConstructorParameters<typeof GoetheError>[0]) => () =>
  Promise.reject(new GoetheError(code, 'Member goethe-1 at 10.0.0.1:1339'))

/** Until everything that is not waiting for time or the test has happened. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('what is passed on to the leader', () => {
  it('comes back with its result', async () => {
    const { member, forwarder, carry } = forwarding()
    await carry()
    expect(member.asked).toMatchObject([{ to: 'goethe-1', path: deleteTopic.path }])
    expect([...forwarder.results]).toEqual([['OK', 1]])
  })

  it('comes back with its error, and the details of that', async () => {
    const { member, forwarder, carry } = forwarding()
    const details = { topic: 'plays', lastId: 7n, lastSequence: 3 }
    const outcome = new GoetheError('GOETHE_CONFLICT', 'It is at 7', { details })
    member.answer = () => Promise.resolve(encodeAnswer({ appliedLsn: 0, outcome }))
    await expect(carry()).rejects.toMatchObject({
      code: 'GOETHE_CONFLICT',
      message: 'It is at 7',
      details,
    })
    expect([...forwarder.results]).toEqual([['GOETHE_CONFLICT', 1]])
  })

  it('is answered once it can be read here', async () => {
    const { member, carry } = forwarding()
    member.answer = () => Promise.resolve(encodeAnswer({ appliedLsn: 5, outcome: done }))
    let answered = false
    const answer = carry().then(() => (answered = true))
    await settle()
    member.apply(4)
    await settle()
    expect(answered).toBe(false)
    member.apply(5)
    await answer
    expect(member.waits).toBe(0)
  })

  it('is answered after two seconds where it cannot be read here yet', async () => {
    const { member, clock, carry } = forwarding()
    member.answer = () => Promise.resolve(encodeAnswer({ appliedLsn: 5, outcome: done }))
    let answered = false
    const answer = carry().then(() => (answered = true))
    await settle()
    clock.advance(1999)
    await settle()
    expect(answered).toBe(false)
    clock.advance(1)
    await answer
    expect(member.waits).toBe(0)
  })

  it('does not wait to be readable for a caller that has gone', async () => {
    const { member, carry } = forwarding()
    const gone = new AbortController()
    member.answer = () => Promise.resolve(encodeAnswer({ appliedLsn: 5, outcome: done }))
    const answer = carry(gone.signal)
    await settle()
    expect(member.asked[0]!.signal).toBe(gone.signal)
    gone.abort()
    await answer
    expect(member.waits).toBe(0)
  })

  it('may be tried again where the leader is away, and where it is is not told', async () => {
    const { member, carry } = forwarding()
    member.answer = failing('GOETHE_UNAVAILABLE')
    await expect(carry()).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: 'goethe-1 leads, and cannot be reached just now',
      details: { retryDelayMs: 200 },
    })
    member.answer = failing('GOETHE_LIMIT')
    await expect(carry()).rejects.toMatchObject({
      code: 'GOETHE_LIMIT',
      details: { retryDelayMs: 200 },
    })
  })

  it('has an unknown outcome where the leader was lost meanwhile', async () => {
    const { member, forwarder, carry } = forwarding()
    member.answer = failing('GOETHE_OUTCOME_UNKNOWN')
    await expect(carry()).rejects.toMatchObject({ code: 'GOETHE_OUTCOME_UNKNOWN' })
    expect([...forwarder.results]).toEqual([['GOETHE_OUTCOME_UNKNOWN', 1]])
  })

  it('is refused, and the leader named, where it is too large', async () => {
    const { member, target, carry } = forwarding()
    member.forwardBytesMax = 10
    await expect(carry()).rejects.toBe(target.refusal)
    expect(member.asked).toEqual([])
  })

  it('is a defect where the answer makes no sense', async () => {
    const { member, target, forwarder } = forwarding()
    member.answer = () => Promise.resolve(Buffer.from('no'))
    const cursor = create(messages.OpenCursorRequestSchema, { topic: 'plays' })
    await expect(forwarder.carry(target, openCursor, cursor)).rejects.toThrow('they end too early')
    member.answer = () => Promise.resolve(Buffer.from('000000000 but no message'))
    await expect(forwarder.carry(target, openCursor, cursor)).rejects.toThrow('premature EOF')
  })
})
