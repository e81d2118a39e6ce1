import { MemoryLevel } from 'memory-level'
import { expect, it } from 'vitest'
import { EventLog } from './index.js'

const one = new Uint8Array([1])

it('follows with what was appended behind the scan of the store', async () => {
  for (const recentBytesMax of [0, 100, 100_000]) {
    for (const selector of ['a', '*']) {
      await using log = await EventLog.open(new MemoryLevel<string, string>(), { recentBytesMax })
      await log.append('a', one)
      const iterator = log.read(selector, { follow: true })[Symbol.asyncIterator]()
      await iterator.next()
      // The store was read up to here, and nobody has asked for more yet.
      await log.append('a', [one, one])
      await log.append('a.b', one)
      await log.append('a', one)
      const read: string[] = []
      while (read.at(-1) !== 'a 4') {
        const { value } = await iterator.next()
        read.push(`${value!.topic} ${value!.sequence}`)
      }
      expect(read).toEqual(
        selector === '*' ? ['a 2', 'a 3', 'a.b 1', 'a 4'] : ['a 2', 'a 3', 'a 4'],
      )
      await iterator.return?.()
    }
  }
})
