import { expect, it } from 'vitest'
import { withClassNames } from './class-names.mjs'

const built = `var Counter = class _Counter {
  static #made = 0
  count = _Counter.#made++
  text = "_Counter: " + (this instanceof _Counter);
  next() { return new _Counter() }
}
var Plain = class {
}
export { Counter, Plain }
`

it('a class has the name that its source gives it, also for itself', async () => {
  const code = withClassNames(built)
  const { Counter, Plain } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    Counter: new () => { count: number; text: string; next(): { count: number } }
    Plain: new () => object
  }
  expect([Counter.name, Plain.name]).toEqual(['Counter', 'Plain'])
  expect(new Counter().next().count).toBe(1)
  expect(new Counter().text).toBe('_Counter: true')
})

it('code is as long as before, so that source maps stay right', () => {
  expect(withClassNames(built)).toHaveLength(built.length)
})
