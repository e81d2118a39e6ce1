// A check that finds nothing would let every run pass.
import { expect, test } from 'vitest'
import { differences, wrongAttempts, wrongOrder } from './check.js'
import type { Attempt, Seen } from './workload.js'

const event = (id: bigint, sequence: number, text: string): Seen => ({
  id,
  topic: 'orders',
  sequence,
  text,
})
const log = [event(10n, 1, 'a'), event(20n, 2, 'b'), event(30n, 3, 'c')]
const attempt = (texts: string[], outcome: Partial<Attempt>): Attempt => ({
  topic: 'orders',
  texts,
  idBefore: 0n,
  ...outcome,
})
const good = [
  attempt(['a'], { id: 10n }),
  attempt(['b', 'c'], { code: 'GOETHE_DEADLINE', idBefore: 10n }),
  attempt(['d'], { code: 'GOETHE_DEADLINE' }),
  attempt(['e'], { code: 'GOETHE_READ_ONLY' }),
]

test('a log as it should be has nothing wrong', () => {
  expect(differences('another', log, [...log])).toEqual([])
  expect(wrongOrder(log)).toEqual([])
  expect(wrongAttempts(log, good)).toEqual([])
})

test('a copy with less, more or other events differs', () => {
  expect(differences('another', log, log.slice(0, 2))).toHaveLength(1)
  expect(differences('another', log, [...log, event(40n, 4, 'd')])).toHaveLength(1)
  expect(differences('another', log, [log[1]!, log[0]!, log[2]!])).toHaveLength(1)
})

test('ids that do not ascend and sequences with gaps are wrong', () => {
  expect(wrongOrder([log[0]!, event(10n, 2, 'b')])).toHaveLength(1)
  expect(wrongOrder([log[0]!, log[2]!])).toHaveLength(1)
})

const wrong: Record<string, [Seen[], Attempt[]]> = {
  'acknowledged and not there': [log, [...good, attempt(['f'], { id: 40n })]],
  'acknowledged under another id': [log, [attempt(['a'], { id: 11n }), ...good.slice(1)]],
  'there twice': [[...log, event(40n, 4, 'a')], good],
  'there though refused': [[...log, event(40n, 4, 'e')], good],
  'there in part': [log.slice(0, 2), good],
  'there before what was acknowledged before it': [
    log,
    [good[0]!, attempt(['b', 'c'], { id: 20n, idBefore: 25n })],
  ],
  'from nobody': [[...log, event(40n, 4, 'x')], good],
}

test.each(Object.entries(wrong))('an append that is %s is wrong', (_, [events, attempts]) => {
  expect(wrongAttempts(events, attempts)).not.toEqual([])
})
