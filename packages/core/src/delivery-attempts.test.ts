import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import { newCursorRecord } from './cursor-record.js'
import { DeliveryAttempts } from './delivery-attempts.js'

const step = fc.oneof(
  fc.constant('deliver' as const),
  fc.record({
    which: fc.nat(30),
    what: fc.constantFrom('deliver again', 'take back', 'settle', 'settle all before'),
  }),
)

it('knows of each event what a list of all of them would, also when it was stored between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const attempts = new DeliveryAttempts(newCursorRecord)
      const counts = new Map<number, number>()
      let last = 0
      for (const one of steps) {
        if (one === 'deliver') {
          attempts.delivered(++last, attempts.of(last) + 1)
          counts.set(last, 1)
        } else {
          const [sequence, count] = [...counts][one.which % Math.max(counts.size, 1)] ?? [0, 0]
          if (sequence === 0) continue
          switch (one.what) {
            case 'deliver again':
              attempts.delivered(sequence, count + 1)
              counts.set(sequence, count + 1)
              break
            case 'take back':
              if (count === 0) break
              attempts.takeBack(sequence, count)
              counts.set(sequence, count - 1)
              break
            case 'settle':
              attempts.settled(sequence)
              counts.delete(sequence)
              break
            case 'settle all before':
              attempts.settledTo(sequence)
              for (const known of counts.keys()) if (known <= sequence) counts.delete(known)
          }
        }
        const stored = new DeliveryAttempts({ ...newCursorRecord, ...attempts.toRecord() })
        for (const [sequence, count] of counts) {
          expect(attempts.of(sequence)).toBe(count)
          expect(stored.of(sequence)).toBe(count)
        }
        expect(stored.of(last + 1)).toBe(0)
      }
    }),
    checking(300),
  )
})

it('names no event that was delivered once, or not at all', () => {
  const attempts = new DeliveryAttempts(newCursorRecord)
  for (let sequence = 1; sequence <= 10_000; sequence++) attempts.delivered(sequence, 1)
  for (let sequence = 10_000; sequence > 9000; sequence--) attempts.takeBack(sequence, 1)
  expect(attempts.toRecord()).toEqual({ attempts: new Map(), deliveredTo: 9000 })
  attempts.delivered(5, 2)
  expect(attempts.toRecord()).toEqual({ attempts: new Map([[5, 2]]), deliveredTo: 9000 })
})
