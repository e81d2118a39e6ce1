import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { FaultyLevel, until } from '../tests-support/faulty-level.js'
import { assertCode } from '../tests-support/log-machine.js'
import { EventLog, GoetheError } from './index.js'
import { commitAheadBytesMin } from './limits.js'
import { manualClock } from './testing.js'

const one = new Uint8Array([1])
const details = { leader: 'there:1337' }
const notLeader = new GoetheError('GOETHE_NOT_LEADER', 'Writes go there', { details })
const unknown = new GoetheError('GOETHE_OUTCOME_UNKNOWN', 'The lead was lost')

/** A log that has an event, and whose next writes end when and as the test says. */
class RefusingLog implements AsyncDisposable {
  readonly level: FaultyLevel
  readonly refuse: ((error: Error) => void)[] = []

  private constructor(
    level: FaultyLevel,
    readonly log: EventLog,
  ) {
    this.level = level
    level.faults.write = () =>
      new Promise((_, reject) => {
        this.refuse.push(reject)
      })
  }

  static async open({ orderedBatches = false, queueBytesMax = 1_000_000 } = {}) {
    const level = new FaultyLevel(new MemoryLevel(), { orderedBatches })
    const log = await EventLog.open(level, { clock: manualClock(), queueBytesMax })
    await log.append('a', one)
    return new RefusingLog(level, log)
  }

  /** What an append that is begun now ends with. */
  append(payload = one): Promise<unknown> {
    return this.log.append('a', payload).catch((error: unknown) => error)
  }

  async begun(count: number): Promise<void> {
    await until(() => this.refuse.length === count)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.log.close()
  }
}

describe('a store that refuses a write in words of the log', () => {
  it('is believed, with all that it says, by those it refused and those behind them', async () => {
    await using store = await RefusingLog.open()
    const errors: GoetheError[] = []
    store.log.on('error', (error) => errors.push(error))
    const refused = store.append()
    await store.begun(1)
    const queued = store.append()
    store.refuse[0]!(notLeader)
    const { code, message } = notLeader
    const said = { code, message, details }
    const found = [await refused, await queued, await store.append()]
    for (const error of found) expect(error).toMatchObject(said)
    // Each caller has one of its own.
    expect(new Set(found).size).toBe(3)
    expect(errors).toMatchObject([said])
    expect(store.log.status()).toMatchObject({ writable: false, queuedBytes: 0 })
    await assertCode(store.log.trim('a', { before: 2 }), 'GOETHE_NOT_LEADER')
  })

  const ofOneWrite = [unknown, new GoetheError('GOETHE_EVENT_TOO_LARGE', 'It does not fit')]
  it.each(ofOneWrite)('tells $code to those alone whose write it was', async (refusal) => {
    await using store = await RefusingLog.open({ queueBytesMax: 2 * (1 + 1) })
    const errors: GoetheError[] = []
    store.log.on('error', (error) => errors.push(error))
    const handedOver = store.append()
    await store.begun(1)
    const behind = [store.append(), store.append(), store.append()]
    expect(store.log.status().waitingAppends).toBeGreaterThan(0)
    store.refuse[0]!(refusal)
    expect(await handedOver).toMatchObject({ code: refusal.code, message: refusal.message })
    for (const append of [...behind, store.append()]) {
      expect(await append).toMatchObject({
        code: 'GOETHE_UNAVAILABLE',
        message: expect.stringContaining('Nothing was done') as string,
      })
    }
    expect(errors.map(({ code }) => code)).toEqual([refusal.code])
    expect(store.refuse).toHaveLength(1)
  })

  it('says of each write that is under way how it ended', async () => {
    await using store = await RefusingLog.open({ orderedBatches: true })
    const first = store.append()
    await store.begun(1)
    // Large enough to set out behind the one that is under way.
    const second = store.append(new Uint8Array(commitAheadBytesMin))
    await store.begun(2)
    // What is behind it is refused first: it waits for the word on the one before.
    store.refuse[1]!(notLeader)
    store.refuse[0]!(unknown)
    expect(await first).toMatchObject({ code: 'GOETHE_OUTCOME_UNKNOWN' })
    expect(await second).toMatchObject({ code: 'GOETHE_NOT_LEADER', details })
    expect(await store.append()).toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
  })

  it('is believed where a log is to be made', async () => {
    const level = new FaultyLevel(new MemoryLevel())
    level.faults.write = () => Promise.reject(notLeader)
    await assertCode(EventLog.open(level), 'GOETHE_NOT_LEADER')
  })
})
