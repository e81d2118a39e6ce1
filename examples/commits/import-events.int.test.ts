import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventLog } from '@goethe/core'
import { ClassicLevel } from 'classic-level'
import { beforeEach, describe, expect, test } from 'vitest'
import { importEvents } from './import-events.mjs'
import { sourceEvents, type SourceEvent } from './source.mjs'

describe('importing events', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goethe-import-'))
    return () => rm(directory, { recursive: true, force: true })
  })

  test('the topic is the source, the id is the time, the payload is the line', async () => {
    await using log = await openLog()
    await importEvents(log, firstEvents(1))
    const [event] = await log.read('google/leveldb').toArray()
    expect(event?.id).toBe(BigInt(Date.parse('2011-03-02T17:37:17Z')) * 1_000_000n)
    expect(event?.text()).toBe(
      '{"specversion":"1.0","type":"dev.git.commit","source":"google/leveldb",' +
        '"id":"54f1fd7eef10","time":"2011-03-02T17:37:17Z","data":{"parents":0}}',
    )
  })

  test('an import that broke off goes on where it was', async () => {
    await using log = await openLog()
    const broken = importEvents(log, breakAfter(firstEvents(5000), 2500))
    await expect(broken).rejects.toThrow('broken off')
    const { imported, skipped } = await importEvents(log, firstEvents(5000))
    expect(skipped).toBe(2500)
    expect(imported).toBe(2500)
    const events = await log.read('*').toArray()
    expect(events.map((event) => event.text())).toEqual(await textsOf(firstEvents(5000)))
  })

  test('a second import appends nothing', async () => {
    await using log = await openLog()
    await importEvents(log, firstEvents(1500))
    expect(await importEvents(log, firstEvents(1500))).toEqual({ imported: 0, skipped: 1500 })
    expect((await log.read('*').toArray()).length).toBe(1500)
  })

  async function openLog() {
    return EventLog.open(new ClassicLevel(directory), { durability: 'os' })
  }
})

async function* firstEvents(limit: number): AsyncGenerator<SourceEvent> {
  let count = 0
  for await (const event of sourceEvents()) {
    if (count++ === limit) return
    yield event
  }
}

async function* breakAfter(events: AsyncIterable<SourceEvent>, limit: number) {
  let count = 0
  for await (const event of events) {
    if (count++ === limit) throw new Error('broken off')
    yield event
  }
}

async function textsOf(events: AsyncIterable<SourceEvent>): Promise<string[]> {
  const texts = []
  for await (const { payload } of events) texts.push(payload.toString())
  return texts
}
