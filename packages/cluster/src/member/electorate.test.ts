import { describe, expect, it } from 'vitest'
import { sample } from '../coordinator/record-samples.js'
import { Electorate, majorityOf } from './electorate.js'
import type { GrantAnswer } from './record-exchange.js'

const granted = (lsn = 10, epoch = 4): GrantAnswer => ({ outcome: 'granted', last: { lsn, epoch } })
const refused = (epoch: number): GrantAnswer => ({
  outcome: 'not-granted',
  epoch,
  reason: `it knows of epoch ${epoch} already`,
})
const silent = new Error('it has not answered')

/** goethe-0, whose journal ends at (10, 4), and what the others say. */
function electorate(...answers: (GrantAnswer | Error | undefined)[]) {
  const known: number[] = []
  const others = new Map(answers.map((answer, index) => [`goethe-${index + 1}`, answer]))
  const made = new Electorate({
    self: { member: 'goethe-0', storeId: 'a store' },
    members: ['goethe-0', ...others.keys()],
    ask: async (member) => {
      const answer = others.get(member)
      if (answer === undefined) return new Promise(() => undefined)
      if (answer instanceof Error) throw answer
      return answer
    },
    last: () => ({ lsn: 10, epoch: 4 }),
    onEpoch: (epoch) => known.push(epoch),
  })
  const recovery = { member: 'goethe-0', storeId: 'a store', epoch: 5, lsn: 10 }
  return {
    known,
    lead: () => made.approve(sample({ epoch: 5 })),
    recover: () => made.approve(sample({ epoch: 5, recovery })),
  }
}

describe('an epoch', () => {
  it('is granted by a majority, without waiting for the others', async () => {
    await expect(electorate(granted(), undefined).lead()).resolves.toBeUndefined()
    const five = electorate(granted(), granted(), undefined, silent)
    await expect(five.lead()).resolves.toBeUndefined()
    await expect(electorate().lead()).resolves.toBeUndefined()
  })

  it('is not granted by fewer, and each is named with its reason', async () => {
    await expect(electorate(silent, refused(3)).lead()).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message:
        'Epoch 5 begins once 1 of the other 2 members have granted it, and 0 did; goethe-1: it has ' +
        'not answered; goethe-2: it knows of epoch 3 already',
    })
    await expect(electorate(granted(), silent, silent).lead()).rejects.toThrow('and 1 did')
  })

  it('that is not above what a member knows is told to this one', async () => {
    const { known, lead } = electorate(refused(7), silent)
    await expect(lead()).rejects.toThrow('it knows of epoch 7 already')
    expect(known).toEqual([7])
  })

  it('is not begun by an operator where another member has more', async () => {
    await electorate(granted(9, 4), granted(300, 3)).recover()
    await expect(electorate(granted(11, 4), silent).recover()).rejects.toMatchObject({
      message:
        'goethe-1 has entry 11 of epoch 4, and this member ends with entry 10 of epoch 4: name ' +
        'goethe-1 as leader instead',
    })
    await expect(electorate(granted(), granted(1, 5)).recover()).rejects.toThrow('name goethe-2')
  })

  it('is begun by the leader of before although another has what it had sent, and lost', async () => {
    await expect(electorate(granted(11, 4), silent).lead()).resolves.toBeUndefined()
  })
})

it('a majority is more than half', () => {
  expect([1, 2, 3, 4, 5].map(majorityOf)).toEqual([1, 2, 2, 3, 3])
})
