import { describe, expect, it } from 'vitest'
import { DrivenReplica, settledFacts } from '../../tests-support/driven-replica.js'
import { defaultLimits } from './options.js'

const limits = { ...defaultLimits, bytesKept: 200, bytesKeptMax: 500 }

/** Member `a`, which leads epoch 6 with `c`; its mark is entry 1, and applied. */
function leader(): DrivenReplica {
  const member = new DrivenReplica(settledFacts, { limits })
  const { ticket } = member.attempt()
  member.step({ type: 'record-changed', ticket, outcome: { outcome: 'changed', token: '2' } })
  member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
  acknowledge(member, 1)
  const { toLsn } = member.take('apply')
  member.step({ type: 'applied', lsn: toLsn, flushedLsn: toLsn })
  return member
}

function acknowledge(member: DrivenReplica, lsn: number, from = 'c'): void {
  const held = { durableLsn: lsn, receivedLsn: lsn, flushedLsn: lsn }
  member.hear(from, 6, { type: 'acknowledge', ...held, confirm: 0, gap: false })
}

/** Where the journal begins by now. */
function trimmedLsn(member: DrivenReplica): number {
  const trims = member.effects.filter((effect) => effect.type === 'trim-journal')
  return trims.at(-1)?.lsn ?? 0
}

describe('the journal of a leader', () => {
  /** Proposes one entry of so many bytes, which all in the set get to hold. */
  function add(member: DrivenReplica, lsn: number, bytes: number): void {
    member.step({ type: 'propose', proposal: lsn, payload: lsn, bytes })
    member.step({ type: 'journal-written', ticket: member.take('append-journal').ticket })
    acknowledge(member, lsn)
    member.effects = member.effects.filter(({ type }) => type !== 'apply')
    member.step({ type: 'applied', lsn, flushedLsn: lsn })
  }

  it('keeps so many bytes for who may come back', () => {
    const member = leader()
    for (let lsn = 2; lsn <= 5; lsn++) add(member, lsn, 50)
    expect(trimmedLsn(member)).toBe(0)
    for (let lsn = 6; lsn <= 10; lsn++) add(member, lsn, 50)
    acknowledge(member, 10)
    expect(trimmedLsn(member)).toBe(6)
  })

  it('keeps nothing of an entry that is larger than that', () => {
    const member = leader()
    add(member, 2, 16 * 2 ** 20)
    add(member, 3, 10)
    acknowledge(member, 3)
    expect(trimmedLsn(member)).toBe(2)
  })

  it('keeps more for who takes a snapshot, and not all', () => {
    const member = leader()
    for (let lsn = 2; lsn <= 10; lsn++) add(member, lsn, 50)
    member.hear('b', 6, { type: 'reconcile', request: 1, lastLsn: 0, lastEpoch: 0 })
    const addMore = (from: number, to: number): void => {
      for (let lsn = from; lsn <= to; lsn++) {
        add(member, lsn, 50)
        member.hear('b', 6, { type: 'catching-up' })
      }
      acknowledge(member, to)
    }
    // Of what follows the snapshot all is kept at first.
    addMore(11, 20)
    expect(trimmedLsn(member)).toBe(10)
    addMore(21, 25)
    expect(trimmedLsn(member)).toBe(15)
  })
})
