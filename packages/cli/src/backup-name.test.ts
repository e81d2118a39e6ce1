import { expect, test } from 'vitest'
import { backupChain, backupName, backupsAmong } from './backup-name.js'

const logId = '3c71f090-8b6f-4310-846d-8b5594483552'
const named = (...parts: [after: bigint, lastId: bigint][]) =>
  backupsAmong(parts.map(([after, lastId]) => backupName(logId, after, lastId)))
const ranges = (...parts: [after: bigint, lastId: bigint][]) =>
  backupChain(named(...parts))?.map(({ after, lastId }) => [after, lastId])

test('a name says of which log it is, from where and to where', () => {
  expect(backupName(logId, 0n, 1_767_225_600_000_000_000n)).toBe(
    'goethe-3c71f090-00000000000000000000-01767225600000000000.backup',
  )
  expect(backupsAmong(['goethe', 'x.backup', backupName(logId, 5n, 9n)])).toMatchObject([
    { log: '3c71f090', after: 5n, lastId: 9n },
  ])
})

test('a full backup and all that followed are restored in their order', () => {
  expect(ranges([5n, 9n], [0n, 5n], [9n, 12n])).toEqual([
    [0n, 5n],
    [5n, 9n],
    [9n, 12n],
  ])
})

test('what a later full backup holds is left out', () => {
  expect(ranges([0n, 5n], [5n, 9n], [0n, 9n], [9n, 12n])).toEqual([
    [0n, 9n],
    [9n, 12n],
  ])
})

test('the backup of an empty log is one as well', () => {
  expect(ranges([0n, 0n])).toEqual([[0n, 0n]])
})

test('a missing part is noticed', () => {
  expect(ranges([0n, 5n], [7n, 9n])).toBeUndefined()
  expect(ranges([5n, 9n])).toBeUndefined()
})
