import { expect, it, vi } from 'vitest'
import { Served } from '../tests-support/served.js'

it('a signal that many calls have warns of no leak, and keeps nothing of them', async () => {
  await using served = await Served.start()
  const client = served.connect()
  const controller = new AbortController()
  const { signal } = controller
  const warnings: string[] = []
  const onWarning = ({ name }: Error): void => {
    warnings.push(name)
  }
  process.on('warning', onWarning)
  const add = vi.spyOn(signal, 'addEventListener')
  const remove = vi.spyOn(signal, 'removeEventListener')
  const calls = Array.from({ length: 40 }, (_, index) =>
    Promise.all([
      client.append(`t${index % 7}`, Buffer.from('x'), { signal }),
      client.appendAll([{ topic: 'a', payloads: Buffer.from('x') }], { signal }),
      client.read('t0', { signal }).toArray(),
      client.exportTo(() => undefined, { signal }),
    ]),
  )
  await Promise.all(calls)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
  expect(add.mock.calls.length - remove.mock.calls.length).toBe(0)
})
