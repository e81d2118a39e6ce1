import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Fifo } from './fifo.js'

it('does what an array does', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant('push' as const) },
    { weight: 5, arbitrary: fc.constant('shift' as const) },
    fc.constant('unshift' as const),
    fc.constant('filter' as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const fifo = new Fifo<number>()
      let array: number[] = []
      for (const [value, name] of steps.entries()) {
        if (name === 'push') {
          fifo.push(value)
          array.push(value)
        } else if (name === 'shift') {
          expect(fifo.shift()).toBe(array.shift())
        } else if (name === 'unshift') {
          fifo.unshift([value, -value])
          array.unshift(value, -value)
        } else {
          fifo.filter((one) => one % 5 !== 0)
          array = array.filter((one) => one % 5 !== 0)
        }
        expect(fifo.length).toBe(array.length)
        expect(fifo.at(0)).toBe(array[0])
      }
      expect([...fifo]).toEqual(array)
    }),
    { numRuns: 50 },
  )
})
