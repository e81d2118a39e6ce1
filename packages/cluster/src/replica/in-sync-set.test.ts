import { describe, expect, it } from 'vitest'
import type { ClusterRecord } from '../record.js'
import { InSyncSet } from './in-sync-set.js'
import { rules } from './rules.js'

const recordOf = (...members: string[]): ClusterRecord => ({
  clusterId: 'c',
  epoch: 1,
  inSync: members.map((member) => ({ member, storeId: `${member}/1` })),
  minInSync: 2,
  renewTimeMs: 0,
  leaseDurationMs: 1_000,
})

const needed = (set: InSyncSet) => set.needed.map(({ member }) => member).sort()

describe('InSyncSet', () => {
  it('needs the stores of both sets while a change is under way', () => {
    const set = new InSyncSet(recordOf('a', 'b', 'c'), '1', rules)
    set.attempt(recordOf('a', 'b', 'd'))
    expect(needed(set)).toEqual(['a', 'b', 'c', 'd'])
    set.changed('2')
    expect(needed(set)).toEqual(['a', 'b', 'd'])
  })

  it('needs both sets until a read tells why a change was refused', () => {
    const set = new InSyncSet(recordOf('a', 'b'), '1', rules)
    set.attempt(recordOf('a', 'b', 'c'))
    set.refused()
    expect(needed(set)).toEqual(['a', 'b', 'c'])
    set.read(recordOf('a', 'b', 'c'), '2')
    expect(set.uncertain).toBe(false)
    set.attempt(recordOf('a', 'b'))
    set.refused()
    set.read(recordOf('a', 'b', 'c'), '3')
    expect(needed(set)).toEqual(['a', 'b', 'c'])
  })

  it('keeps an unknown change in mind until the record has moved on', () => {
    const set = new InSyncSet(recordOf('a', 'b', 'c'), '1', rules)
    set.attempt(recordOf('a', 'b'))
    set.read(recordOf('a', 'b', 'c'), '1')
    expect(needed(set)).toEqual(['a', 'b', 'c'])
    set.attempt(recordOf('a', 'c'))
    set.refused()
    expect(set.uncertain).toBe(true)
    set.read(recordOf('a', 'b'), '2')
    expect(needed(set)).toEqual(['a', 'b'])
    expect(set.uncertain).toBe(false)
  })

  it('is too small when any set that may be stored is', () => {
    const set = new InSyncSet(recordOf('a'), '1', rules)
    expect(set.large).toBe(false)
    set.attempt(recordOf('a', 'b'))
    expect(set.large).toBe(false)
    set.changed('2')
    expect(set.large).toBe(true)
  })

  it('does not adopt what it has not written, and needs both sets until its own is stored again', () => {
    const set = new InSyncSet(recordOf('a', 'b'), '1', rules)
    set.attempt(recordOf('a', 'b', 'c'))
    set.read(recordOf('a', 'b', 'd'), '2')
    expect(set).toMatchObject({ displaced: true, uncertain: true, token: '2' })
    expect(set.record).toEqual(recordOf('a', 'b'))
    expect(needed(set)).toEqual(['a', 'b', 'c', 'd'])
    // Somebody touches the older one, which does not make it right.
    set.attempt(set.record)
    set.refused()
    set.read(recordOf('a', 'b', 'd'), '3')
    expect(set.displaced).toBe(true)
    set.attempt(set.record)
    set.changed('4')
    expect(set).toMatchObject({ displaced: false, uncertain: false })
    expect(needed(set)).toEqual(['a', 'b'])
  })

  it.each<[string, Partial<ClusterRecord>, boolean]>([
    ['was renewed', { renewTimeMs: 5 }, false],
    ['lists its stores in another order', { inSync: recordOf('b', 'a').inSync }, false],
    ['lists no removed stores', { removed: [] }, false],
    ['lacks a store', { inSync: recordOf('a').inSync }, true],
    [
      'names another store of a member',
      { inSync: [...recordOf('a').inSync, { member: 'b', storeId: 'b/2' }] },
      true,
    ],
    ['needs other copies', { minInSync: 1 }, true],
    ['has removed a store', { removed: recordOf('c').inSync }, true],
  ])('tells whether a record is the one that it wrote, which %s', (_, changes, displaced) => {
    const set = new InSyncSet(recordOf('a', 'b'), '1', rules)
    set.read({ ...recordOf('a', 'b'), ...changes }, '2')
    expect(set.displaced).toBe(displaced)
  })

  it('is too small when an older record that was put back is', () => {
    const set = new InSyncSet(recordOf('a', 'b'), '1', rules)
    set.read(recordOf('a'), '2')
    expect(set.large).toBe(false)
  })
})
