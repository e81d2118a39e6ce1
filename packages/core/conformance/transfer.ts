import type { EventLogApi } from '../src/api.js'
import type { TransferProgress } from '../src/upkeep-api.js'
import { assert, assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import {
  abortController,
  assertSound,
  eventsOf,
  noise,
  numbered,
  payload,
  range,
  sequences,
  texts,
} from './support.js'

export function transferTests({ group, test }: Suite): void {
  group('export and import', () => {
    test('a restored log has the same events under the same ids', async (subject) => {
      await fill(subject.log)
      const restored = await subject.another()
      const chunks = await exportOf(subject.log)
      await restored.log.importFrom(chunksOf(chunks))
      assertEqual(await everything(restored.log), await everything(subject.log))
      await assertSound(restored.log)
    })

    test('both tell the same numbers and the exported log', async (subject) => {
      const { lastId } = await subject.log.append('a', [noise(10), noise(20)])
      const chunks: Uint8Array[] = []
      const exported = await subject.log.exportTo((chunk) => chunks.push(chunk))
      assertEqual([exported.events, exported.bytes, exported.lastId], [2, 30, lastId])
      const restored = await subject.another()
      assertEqual(await restored.log.importFrom(chunksOf(chunks)), exported)
    })

    test('an empty log can be exported and restored', async (subject) => {
      const restored = await subject.another()
      const result = await restored.log.importFrom(chunksOf(await exportOf(subject.log)))
      assertEqual(result.events, 0)
      assertEqual((await restored.log.append('a', payload(''))).firstSequence, 1)
    })

    test('a restored log goes on: ids, sequences, producers', async (subject) => {
      const { log } = subject
      const producer = { id: 'p', sequence: 1 }
      const first = await log.append('a', numbered('a', 3), { producer })
      const restored = await subject.another()
      await restored.log.importFrom(chunksOf(await exportOf(log)))
      const again = await restored.log.append('a', numbered('a', 3), { producer })
      assertEqual(again, { ...first, durability: again.durability, repeated: true })
      const next = await restored.log.append('a', payload('a4'))
      assertEqual(next.firstSequence, 4)
      assert(next.firstId > first.lastId, 'an id was given again')
    })

    test('chunks of any size are read', async (subject) => {
      await fill(subject.log)
      const whole = joined(await exportOf(subject.log))
      for (const size of [1, 7, 4096, whole.length]) {
        const restored = await subject.another()
        await restored.log.importFrom(chunksOf(cut(whole, size)))
        assertEqual(await everything(restored.log), await everything(subject.log))
      }
    })

    test('an incremental export continues the one before', async (subject) => {
      const { log } = subject
      await fill(log)
      const restored = await subject.another()
      const { lastId } = await restored.log.importFrom(chunksOf(await exportOf(log)))
      // The restored copy has used its cursors meanwhile; the backup's count.
      await restored.log.cursor('a', 'mailer').read({ limit: 1 }).toArray()
      await log.append('a', numbered('more', 3))
      await log.append('new', numbered('n', 3))
      await log.cursor('a', 'mailer').seek('end')
      await log.trim('a', { before: 6 })
      const increment = await exportOf(log, lastId)
      const result = await restored.log.importFrom(chunksOf(increment))
      assertEqual(result.events, 6)
      assertEqual(await restored.log.cursor('a', 'mailer').read().toArray(), [])
      assertEqual(await everything(restored.log), await everything(log))
      await assertSound(restored.log)
    })

    test('an incremental export of a topic that was born again is restored', async (subject) => {
      const { log } = subject
      await log.append('a', numbered('old', 5))
      const restored = await subject.another()
      const { lastId } = await restored.log.importFrom(chunksOf(await exportOf(log)))
      await log.deleteTopic('a')
      await log.append('a', numbered('new', 2))
      await restored.log.importFrom(chunksOf(await exportOf(log, lastId)))
      assertEqual(texts(await eventsOf(restored.log, 'a')), ['new1', 'new2'])
      await assertSound(restored.log)
    })

    test('importing the same export again changes nothing', async (subject) => {
      await fill(subject.log)
      const chunks = await exportOf(subject.log)
      const restored = await subject.another()
      await restored.log.importFrom(chunksOf(chunks))
      const before = await everything(restored.log)
      assertEqual((await restored.log.importFrom(chunksOf(chunks))).events, 0)
      assertEqual(await everything(restored.log), before)
    })

    test('a log with events of its own is GOETHE_NOT_EMPTY', async (subject) => {
      await fill(subject.log)
      const chunks = await exportOf(subject.log)
      const other = await subject.another()
      await other.log.append('a', payload('own'))
      await assertRejects('GOETHE_NOT_EMPTY', other.log.importFrom(chunksOf(chunks)))
      assertEqual(texts(await other.log.read('*').toArray()), ['own'])
      await other.log.append('a', payload('more'))
    })

    test('an append in flight with an import leaves the log in order', async (subject) => {
      await fill(subject.log)
      const chunks = await exportOf(subject.log)
      for (const first of [true, false]) {
        const other = await subject.another()
        const append = (): Promise<unknown> => other.log.append('own', payload('own'))
        const outcomes = await Promise.allSettled([
          ...(first ? [append()] : []),
          other.log.importFrom(chunksOf(chunks)),
          ...(first ? [] : [append()]),
        ])
        assert(
          outcomes.some(({ status }) => status === 'fulfilled'),
          'neither of them was done',
        )
        await assertSound(other.log)
      }
    })

    test('an increment that does not follow on is GOETHE_NOT_EMPTY', async (subject) => {
      const { log } = subject
      await log.append('a', payload('1'))
      const second = await log.append('a', payload('2'))
      await log.append('a', payload('3'))
      const restored = await subject.another()
      const increment = await exportOf(log, second.lastId)
      await assertRejects('GOETHE_NOT_EMPTY', restored.log.importFrom(chunksOf(increment)))
      await restored.log.importFrom(chunksOf(await exportOf(log)))
      await log.append('a', payload('4'))
      const fifth = await log.append('a', payload('5'))
      await log.append('a', payload('6'))
      const late = await exportOf(log, fifth.lastId)
      await assertRejects('GOETHE_NOT_EMPTY', restored.log.importFrom(chunksOf(late)))
    })

    test('two imports at a time are refused', async (subject) => {
      await fill(subject.log)
      const chunks = await exportOf(subject.log)
      const restored = await subject.another()
      const outcomes = await Promise.allSettled([
        restored.log.importFrom(chunksOf(chunks)),
        restored.log.importFrom(chunksOf(chunks)),
      ])
      assertEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected'],
      )
      assertEqual(await everything(restored.log), await everything(subject.log))
    })

    test('every flipped bit and every missing end is GOETHE_CORRUPT', async (subject) => {
      await subject.log.append('a', numbered('a', 2))
      await subject.log.cursor('a', 'mailer').seek(2)
      const whole = joined(await exportOf(subject.log))
      const restored = await subject.another()
      for (let at = 0; at < whole.length; at++) {
        const flipped = whole.slice()
        flipped[at]! ^= 1 << (at % 8)
        const import_ = restored.log.importFrom(chunksOf([flipped]))
        await assertRejects('GOETHE_CORRUPT', import_).catch((error: unknown) => {
          throw new Error(`at byte ${at} of ${whole.length}: ${(error as Error).message}`)
        })
        const cutOff = restored.log.importFrom(chunksOf([whole.slice(0, at)]))
        await assertRejects('GOETHE_CORRUPT', cutOff)
      }
      await restored.log.importFrom(chunksOf([whole]))
      assertEqual(await everything(restored.log), await everything(subject.log))
    })

    test(
      'an interrupted import takes no appends and goes on',
      { needs: ['reopen'] },
      async (subject) => {
        const { log } = subject
        for (const number of range(1, 12)) await log.append('a', noise(1_000_000, number))
        await log.cursor('a', 'mailer').seek(7)
        const chunks = await exportOf(log)
        const restored = await subject.another()
        const cause = new Error('the network is gone')
        const broken = restored.log.importFrom(breaking(chunks.slice(0, 9), cause))
        const error = await broken.catch((reason: unknown) => reason)
        assertEqual(error === cause, true, "that the source's own error comes out")
        await assertRejects('GOETHE_IMPORT_INCOMPLETE', restored.log.append('a', payload('')))
        await restored.reopen()
        await assertRejects('GOETHE_IMPORT_INCOMPLETE', restored.log.append('a', payload('')))
        const there = (await eventsOf(restored.log, 'a')).length
        assert(there > 0 && there < 12, `${there} events are there half-way`)
        const result = await restored.log.importFrom(chunksOf(chunks))
        assertEqual(result.events, 12 - there)
        assertEqual(sequences(await eventsOf(restored.log, 'a')), range(1, 12))
        assertEqual((await restored.log.append('a', payload(''))).firstSequence, 13)
        await assertSound(restored.log)
      },
    )

    test('progress is told and the signal ends both', async (subject) => {
      await fill(subject.log)
      const told: TransferProgress[] = []
      const chunks: Uint8Array[] = []
      const onProgress = (progress: TransferProgress): void => void told.push(progress)
      const result = await subject.log.exportTo((chunk) => chunks.push(chunk), { onProgress })
      assertEqual(told.at(-1)!.events, result.events)
      const controller = abortController()
      controller.abort()
      const { signal } = controller
      await assertRejects(
        'GOETHE_ABORTED',
        subject.log.exportTo(() => undefined, { signal }),
      )
      const restored = await subject.another()
      const import_ = restored.log.importFrom(chunksOf(chunks), { signal })
      await assertRejects('GOETHE_ABORTED', import_)
      await restored.log.importFrom(chunksOf(chunks))
    })

    test('an export is written as fast as the sink takes it', async (subject) => {
      for (const number of range(1, 5)) await subject.log.append('a', noise(1000, number))
      let writing = 0
      await subject.log.exportTo(async () => {
        assertEqual(++writing, 1, 'chunks that the sink was given at a time')
        await Promise.resolve()
        writing--
      })
    })

    test('a sink that fails ends the export with its error, and the log goes on', async (subject) => {
      await fill(subject.log)
      const cause = new Error('disk full')
      const error = await subject.log
        .exportTo(() => Promise.reject(cause))
        .catch((reason: unknown) => reason)
      assertEqual(error === cause, true, "that the sink's own error comes out")
      await exportOf(subject.log)
    })

    test(
      'an export that is written to while it runs is of one moment',
      { needs: ['embedded'] },
      async (s) => {
        await fill(s.log)
        const before = await everything(s.log)
        const chunks: Uint8Array[] = []
        await s.log.exportTo(async (chunk) => {
          chunks.push(chunk)
          await s.log.append('a', payload('meanwhile'))
          if (s.database.supports.explicitSnapshots) await s.log.trim('b', { before: 100 })
        })
        const restored = await s.another()
        await restored.log.importFrom(chunksOf(chunks))
        const { events } = await everything(restored.log)
        assertEqual(events, before.events)
        await assertSound(restored.log)
      },
    )

    test('an import that is under way when the log closes ends', async (subject) => {
      for (const number of range(1, 12)) await subject.log.append('a', noise(1_000_000, number))
      const chunks = await exportOf(subject.log)
      const restored = await subject.another()
      let closing: Promise<void> | undefined
      const source = async function* (): AsyncGenerator<Uint8Array> {
        for (const [index, chunk] of chunks.entries()) {
          if (index === 8) closing = restored.log.close()
          if (index === 9) await closing
          yield chunk
        }
      }
      await assertRejects('GOETHE_CLOSED', restored.log.importFrom(source()))
    })
  })
}

async function fill(log: EventLogApi): Promise<void> {
  await log.append('a', numbered('a', 5))
  await log.append('b', [noise(0), noise(200), noise(20_000)])
  await log.appendAll(['a', 'c', 'gone'].map((topic) => ({ topic, payloads: numbered(topic, 2) })))
  await log.append('a', payload('old'), { time: 5n })
  await log.deleteTopic('gone')
  await log.trim('a', { before: 3 })
  await log.setRetention('b', { count: 100 })
  await log.cursor('a', 'mailer').seek(4)
  await log.cursor('b', 'holder', { hold: true }).seek(2)
}

/** All that a reader of a log can see. */
async function everything(log: EventLogApi): Promise<{ events: unknown[]; rest: unknown }> {
  const events = await log.read('*').toArray()
  const topics = await log.topics()
  return {
    events: events.map(({ id, sequence, topic, payload: bytes }) => [id, sequence, topic, bytes]),
    rest: [
      topics,
      await Promise.all(topics.map((topic) => log.describe(topic))),
      await log.cursors(),
      await log.histogram('*'),
    ],
  }
}

async function exportOf(log: EventLogApi, after?: bigint): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  await log.exportTo((chunk) => chunks.push(chunk), { after })
  return chunks
}

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function* breaking(chunks: readonly Uint8Array[], error: Error): AsyncGenerator<Uint8Array> {
  yield* chunks
  throw error
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size))
  return chunks
}
