import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { FaultyLevel, until } from '../tests-support/faulty-level.js'
import { assertCode } from '../tests-support/log-machine.js'
import { problemsOf } from '../tests-support/problems.js'
import { EventLog } from './index.js'
import { manualClock } from './testing.js'

const one = new Uint8Array([1])
/** Enough for a commit to set out behind another one. */
const large = new Uint8Array(300_000)

/** A log whose writes end one by one, when the test says so. */
class HeldLog {
  readonly level = new FaultyLevel(new MemoryLevel(), { orderedBatches: true })
  readonly #writes: { end(): void; fail(reason: Error): void }[] = []
  #done: Promise<void> = Promise.resolve()

  async open(): Promise<EventLog> {
    const log = await EventLog.open(this.level, { clock: manualClock() })
    this.level.faults.write = (operations, write) => {
      const before = this.#done
      const released = new Promise<void>((end, fail) => this.#writes.push({ end, fail }))
      this.#done = before.then(() => released).then(() => write(operations))
      // Those behind one that failed fail too, each with its own caller.
      this.#done.catch(() => undefined)
      return this.#done
    }
    return log
  }

  /** How many writes wait. */
  get held(): number {
    return this.#writes.length
  }

  async begun(count: number): Promise<void> {
    await until(() => this.#writes.length >= count)
  }

  end(): void {
    this.#writes.shift()!.end()
  }

  fail(reason: Error): void {
    this.#writes.shift()!.fail(reason)
  }

  endAll(): void {
    this.level.faults.write = undefined
    while (this.#writes.length > 0) this.end()
  }
}

/** What has become of a promise so far. */
function watched<T>(promise: Promise<T>): { settled: boolean; promise: Promise<T> } {
  const watch = { settled: false, promise }
  const settle = (): void => {
    watch.settled = true
  }
  promise.then(settle, settle)
  return watch
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('commits under way, on a store that keeps the order of its writes', () => {
  it('are two at a time, each planned on the one before', async () => {
    const store = new HeldLog()
    const log = await store.open()
    const first = watched(log.append('a', [one, one]))
    await store.begun(1)
    const small = watched(log.append('a', one))
    await turn()
    expect(store.held).toBe(1)
    const second = watched(log.append('a', large))
    const elsewhere = watched(log.append('b', one))
    await store.begun(2)
    const third = watched(log.append('a', large))
    await turn()
    expect(store.held).toBe(2)
    expect(await log.read('*').toArray()).toEqual([])

    store.end()
    expect((await first.promise).lastSequence).toBe(2)
    await store.begun(2)
    const later = [small, second, elsewhere, third]
    expect(later.some(({ settled }) => settled)).toBe(false)
    expect((await log.read('*').toArray()).map(({ sequence }) => sequence)).toEqual([1, 2])

    store.endAll()
    expect((await small.promise).firstSequence).toBe(3)
    expect((await second.promise).firstSequence).toBe(4)
    expect((await elsewhere.promise).firstSequence).toBe(1)
    expect((await third.promise).firstSequence).toBe(5)
    const ids = (await log.read('*').toArray()).map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => (a < b ? -1 : 1)))
    expect((await log.describe('a')).bytes).toBe(3 + 2 * large.length)
    expect(await problemsOf(log)).toEqual([])
    await log.close()
  })

  it('answer expectations and repeats by what is under way, once that is written', async () => {
    const store = new HeldLog()
    const log = await store.open()
    const producer = { id: 'p', sequence: 1 }
    const first = watched(log.append('a', [one, one], { producer }))
    await store.begun(1)
    const refused = watched(log.append('a', large, { expect: 'empty' }))
    const repeated = watched(log.append('a', [one, one], { producer }))
    await turn()
    // Nothing is left to write for these, and yet nobody may learn of what is not written.
    expect([refused.settled, repeated.settled]).toEqual([false, false])
    store.end()
    const { firstId } = await first.promise
    await assertCode(refused.promise, 'GOETHE_CONFLICT')
    expect(await repeated.promise).toMatchObject({ firstId, lastSequence: 2, repeated: true })
    store.endAll()
    const next = await log.append('a', one, { expect: 2, producer: { id: 'p', sequence: 2 } })
    expect(next.firstSequence).toBe(3)
    await log.close()
  })

  it('fail with the one before them, and nothing of them is there', async () => {
    const store = new HeldLog()
    const log = await store.open()
    const broken = new Error('the disk is broken')
    const works = [watched(log.append('a', one))]
    await store.begun(1)
    works.push(watched(log.append('a', large)))
    await store.begun(2)
    works.push(watched(log.append('a', one)))
    store.fail(broken)
    for (const { promise } of works) {
      const error: unknown = await promise.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'GOETHE_WRITE_FAILED', cause: broken })
    }
    store.endAll()
    await log.close()
    await using again = await EventLog.open(store.level, { clock: manualClock() })
    expect(await again.read('*').toArray()).toEqual([])
    expect((await again.append('a', one)).firstSequence).toBe(1)
    expect(await problemsOf(again)).toEqual([])
  })

  it('leave the one before them acknowledged when they fail', async () => {
    const store = new HeldLog()
    const log = await store.open()
    const first = watched(log.append('a', one))
    await store.begun(1)
    const second = watched(log.append('a', large))
    await store.begun(2)
    store.end()
    expect((await first.promise).lastSequence).toBe(1)
    store.fail(new Error('the disk is broken'))
    await assertCode(second.promise, 'GOETHE_WRITE_FAILED')
    await log.close()
  })

  it('are waited for by what is planned on what is stored, and wait for it', async () => {
    const store = new HeldLog()
    const log = await store.open()
    const first = watched(log.append('a', [one, one]))
    await store.begun(1)
    const committed = watched(log.cursor('a', 'reader').seek('start'))
    await turn()
    expect(store.held).toBe(1)
    store.end()
    await first.promise
    await store.begun(1)
    const behind = watched(log.append('a', large))
    await turn()
    expect(store.held).toBe(1)
    store.endAll()
    await committed.promise
    expect((await behind.promise).firstSequence).toBe(3)
    await log.deleteTopic('a')
    expect((await log.append('a', one)).firstSequence).toBe(1)
    expect(await problemsOf(log)).toEqual([])
    await log.close()
  })

  it('are all settled before the log is closed', async () => {
    const store = new HeldLog()
    const log = await store.open()
    const works = [watched(log.append('a', one))]
    await store.begun(1)
    works.push(watched(log.append('a', large)))
    await store.begun(2)
    const closing = watched(log.close())
    await turn()
    expect(closing.settled).toBe(false)
    store.endAll()
    await closing.promise
    expect(works.map(({ settled }) => settled)).toEqual([true, true])
  })
})
