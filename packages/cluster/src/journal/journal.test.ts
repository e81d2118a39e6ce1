import { describe, expect, it } from 'vitest'
import { Random } from '../../../core/tests-support/random.js'
import { assertForSeeds, randomTimeout } from '../../../core/tests-support/seeds.js'
import { allEntries, openJournal, randomEntries } from '../../tests-support/journals.js'
import { MemoryDisk } from '../../tests-support/memory-disk.js'
import type { Position } from '../replica/position.js'
import { metaName } from './journal-meta.js'
import { segmentHeaderBytes, segmentName } from './segment-header.js'
import type { StoredEntry } from './stored-entry.js'

const small = { segmentBytes: 2000, groupBytesMax: 1000 }

function entry(lsn: number, epoch = 1, text = `entry ${lsn}`): StoredEntry {
  return { lsn, epoch, operations: new TextEncoder().encode(text) }
}

describe('Journal', () => {
  it('holds what was appended, and after it was opened again', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    await journal.append([entry(1), entry(2), entry(3, 4)])
    const expected = [entry(1), entry(2), entry(3, 4)]
    expect(plain(await allEntries(journal))).toEqual(plain(expected))
    await journal.close()
    const again = await openJournal(disk)
    expect(plain(await allEntries(again))).toEqual(plain(expected))
    expect(again.last).toEqual({ lsn: 3, epoch: 4 })
    expect(again.epochs.ends).toEqual([
      { lsn: 2, epoch: 1 },
      { lsn: 3, epoch: 4 },
    ])
  })

  it('shares one sync between the appends of a turn', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    const before = disk.syncs
    await Promise.all(Array.from({ length: 100 }, (_, at) => journal.append([entry(at + 1)])))
    expect(disk.syncs - before).toBe(1)
  })

  it('refuses entries that do not follow', async () => {
    const journal = await openJournal(new MemoryDisk())
    await journal.append([entry(1, 3)])
    expect(() => journal.append([entry(3, 3)])).toThrow('entries are dense')
    expect(() => journal.append([entry(2, 2)])).toThrow('epochs never go down')
  })

  it('goes on behind a truncation, with fewer entries of an epoch or others', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    await journal.append([entry(1), entry(2), entry(3, 2), entry(4, 2)])
    await journal.truncate(2)
    expect(journal.last).toEqual({ lsn: 2, epoch: 1 })
    await journal.append([entry(3, 5, 'another')])
    const expected = [entry(1), entry(2), entry(3, 5, 'another')]
    expect(plain(await allEntries(journal))).toEqual(plain(expected))
    await journal.close()
    expect(plain(await allEntries(await openJournal(disk)))).toEqual(plain(expected))
  })

  it('keeps the facts of the replica and the id of the store', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    const facts = { clusterId: 'c', seenEpoch: 7, attempt: { epoch: 8, token: '41' } }
    await journal.writeFacts(facts)
    const { storeId } = journal.meta
    disk.crash(new Random(1))
    const { meta } = await openJournal(disk)
    expect(meta).toMatchObject({ storeId, facts })
  })

  it('takes nothing more after a failed sync', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    disk.fault = (call) => {
      if (call === 'sync') throw new Error('EIO')
    }
    const failed = { code: 'GOETHE_WRITE_FAILED', message: expect.stringContaining('EIO') }
    await expect(journal.append([entry(1)])).rejects.toMatchObject(failed)
    disk.fault = undefined
    await expect(journal.append([entry(2)])).rejects.toMatchObject(failed)
    expect(journal.last).toEqual({ lsn: 0, epoch: 0 })
  })

  it('says which entries are trimmed', async () => {
    const journal = await openJournal(new MemoryDisk(), small)
    for (let lsn = 1; lsn <= 100; lsn++) await journal.append([entry(lsn)])
    await journal.trim(80)
    const { base } = journal.epochs
    expect(base.lsn).toBeGreaterThan(20)
    expect(base.lsn).toBeLessThan(80)
    expect(await journal.read(base.lsn, 1000)).toBeUndefined()
    expect((await journal.read(base.lsn + 1, 1000))![0]).toMatchObject({ lsn: base.lsn + 1 })
  })

  it('knows how large its entries are, after it was opened again too', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk, small)
    const mebibyte = 2 ** 20
    const large = (lsn: number, bytes: number) => ({
      ...entry(lsn),
      operations: new Uint8Array(bytes),
    })
    await journal.append([large(1, mebibyte), large(2, 10), large(3, mebibyte), large(4, 20)])
    const sizes = [
      { lsn: 1, bytes: mebibyte },
      { lsn: 2, bytes: 10 },
      { lsn: 3, bytes: mebibyte },
      { lsn: 4, bytes: 20 },
    ]
    expect(journal.sizes).toEqual(sizes)
    await journal.close()
    const again = await openJournal(disk, small)
    expect(again.sizes).toEqual(sizes)
    await again.truncate(3)
    expect(again.sizes).toEqual(sizes.slice(0, 3))
    await again.reset({ lsn: 100, epoch: 2 })
    expect(again.sizes).toEqual([])
  })

  it('reads what was written together at once, and nothing twice', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    const entryBytes = 100_000
    const large = (lsn: number) => entry(lsn, 1, 'x'.repeat(entryBytes))
    await journal.append([large(1), large(2), large(3)])
    for (let lsn = 4; lsn <= 9; lsn++) await journal.append([large(lsn)])
    let reads = 0
    disk.fault = (call) => {
      if (call === 'read') reads++
    }
    const found: number[][] = []
    for (let lsn = 1; lsn <= 9;) {
      const entries = await journal.read(lsn, 2.5 * entryBytes)
      found.push(entries!.map((each) => each.lsn))
      lsn = entries!.at(-1)!.lsn + 1
    }
    expect(found).toEqual([
      [1, 2, 3],
      [4, 5],
      [6, 7],
      [8, 9],
    ])
    expect(reads).toBe(found.length)
  })

  it('reads while it is trimmed', async () => {
    const journal = await openJournal(new MemoryDisk(), small)
    for (let lsn = 1; lsn <= 100; lsn++) await journal.append([entry(lsn)])
    const reading = journal.read(1, 1e6)
    await journal.trim(80)
    expect((await reading)![0]).toMatchObject({ lsn: 1 })
  })

  it('is GOETHE_CLOSED after close', async () => {
    const journal = await openJournal(new MemoryDisk())
    await journal.close()
    await expect(journal.read(1, 1)).rejects.toMatchObject({ code: 'GOETHE_CLOSED' })
  })
})

interface Model {
  /** What stands before the first entry that must be held. */
  base: Position
  entries: StoredEntry[]
}

const lastOf = ({ base, entries }: Model): Position => {
  const last = entries.at(-1)
  return last === undefined ? base : { lsn: last.lsn, epoch: last.epoch }
}

describe('a journal in a random life', () => {
  it('holds what it acknowledged through crashes at any call', { timeout: randomTimeout }, () =>
    assertForSeeds(40, async (random) => {
      const disk = new MemoryDisk()
      let journal = await openJournal(disk, small)
      let model: Model = { base: { lsn: 0, epoch: 0 }, entries: [] }
      // What may stand before `base` all the same, as trimming goes by whole segments.
      let all: Model = model
      for (let step = 0; step < 60; step++) {
        const [next, act] = randomStep(random, model, journal)
        if (random.chance(0.75)) {
          await act()
          model = next[next.length - 1]!
        } else {
          await failAfter(disk, random.int(0, 5), act)
          disk.fault = undefined
          disk.crash(random)
          journal = await openJournal(disk, small)
          const last = journal.last
          const found = next.filter(
            (candidate) => JSON.stringify(lastOf(candidate)) === JSON.stringify(last),
          )
          expect(found.map(lastOf)).toContainEqual(last)
          // A truncation and a reset may end at the same place as what was before.
          const held = await allEntries(journal)
          model = found.find((candidate) => holds(held, candidate)) ?? expect.fail('entries differ')
        }
        if (random.chance(0.1)) {
          await journal.close()
          journal = await openJournal(disk, small)
        }
        all = merge(all, model)
        expect(journal.last).toEqual(lastOf(model))
        expect(journal.epochs.base.lsn).toBeLessThanOrEqual(model.base.lsn)
        const held = await allEntries(journal, random.int(1, 3000))
        expect(holds(held, model)).toBe(true)
        expect(plain(held)).toEqual(plain(all.entries.slice(-held.length || Infinity)))
      }
      await journal.close()
    }),
  )

  it('reports every flipped byte of a closed journal', { timeout: randomTimeout }, () =>
    assertForSeeds(20, async (random) => {
      const disk = new MemoryDisk()
      const journal = await openJournal(disk, small)
      let model: Model = { base: { lsn: 0, epoch: 0 }, entries: [] }
      for (let step = 0; step < 20; step++) {
        const [next, act] = randomStep(random, model, journal)
        await act()
        model = next.at(-1)!
      }
      await journal.close()
      for (const name of await disk.list()) {
        const bytes = disk.bytes(name)
        for (let flips = 0; flips < 20; flips++) {
          const at = random.int(0, bytes.length - 1)
          const flip = random.int(1, 255)
          bytes[at]! ^= flip
          const opening = openJournal(disk, small)
          await expect(opening).rejects.toMatchObject({ code: 'GOETHE_CORRUPT' })
          bytes[at]! ^= flip
        }
      }
    }),
  )
})

describe('damage', () => {
  it('in the middle is not cut away, although nothing tells where the journal ended', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    for (let lsn = 1; lsn <= 3; lsn++) await journal.append([entry(lsn)])
    disk.bytes(segmentName(1))[segmentHeaderBytes + 50]! ^= 1
    await expect(openJournal(disk)).rejects.toMatchObject({
      code: 'GOETHE_CORRUPT',
      message: expect.stringContaining('0000000000000001.journal at byte 48'),
    })
  })

  it('is not taken for a write that was cut off because it holds zeros', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    await journal.append([{ lsn: 1, epoch: 1, operations: new Uint8Array(2000) }])
    await journal.append([entry(2)])
    disk.bytes(segmentName(1))[segmentHeaderBytes + 50]! ^= 1
    await expect(openJournal(disk)).rejects.toMatchObject({ code: 'GOETHE_CORRUPT' })
  })

  it('of the last group, all of which was written, is not cut away', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    await journal.append([entry(1)])
    disk.bytes(segmentName(1))[segmentHeaderBytes + 50]! ^= 1
    await expect(openJournal(disk)).rejects.toMatchObject({ code: 'GOETHE_CORRUPT' })
  })

  it('is an end that is cut off although it was durable', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    await journal.append([entry(1)])
    await journal.append([entry(2)])
    await journal.close()
    const name = segmentName(1)
    await (await disk.open(name)).truncate(disk.bytes(name).length - 5)
    await expect(openJournal(disk)).rejects.toMatchObject({
      code: 'GOETHE_CORRUPT',
      message: expect.stringContaining('were durable'),
    })
  })

  it('is a segment that is missing, wherever it stood', async () => {
    for (const missing of [1, 2, 3, 6]) {
      const disk = new MemoryDisk()
      const journal = await openJournal(disk, { segmentBytes: 100 })
      for (let lsn = 1; lsn <= 6; lsn++) await journal.append([entry(lsn)])
      await journal.close()
      expect(await disk.list()).toContain(segmentName(6))
      expect(await disk.list()).not.toContain(segmentName(7))
      await disk.remove(segmentName(missing))
      await expect(openJournal(disk)).rejects.toMatchObject({ code: 'GOETHE_CORRUPT' })
    }
  })

  it('is not a segment that was about to be removed when a crash came', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk, { segmentBytes: 100 })
    for (let lsn = 1; lsn <= 3; lsn++) await journal.append([entry(lsn)])
    const oldest = disk.bytes(segmentName(1)).slice()
    await journal.trim(2)
    await journal.close()
    expect(await disk.list()).not.toContain(segmentName(1))
    const left = await disk.open(segmentName(1), true)
    await left.write(0, [oldest])
    await left.sync()
    await left.close()
    const again = await openJournal(disk)
    expect(again.epochs.base.lsn).toBe(1)
    expect(again.last.lsn).toBe(3)
    expect(await disk.list()).not.toContain(segmentName(1))
    await again.close()
  })

  it('is a segment that follows another one than that before it', async () => {
    const [disk, other] = [new MemoryDisk(), new MemoryDisk()]
    for (const [epoch, on] of [disk, other].entries()) {
      const journal = await openJournal(on, { segmentBytes: 100 })
      await journal.append([entry(1, epoch + 1)])
      await journal.append([entry(2, epoch + 1)])
      await journal.close()
    }
    disk.bytes(segmentName(2)).set(other.bytes(segmentName(2)))
    await expect(openJournal(disk)).rejects.toMatchObject({
      code: 'GOETHE_CORRUPT',
      message: expect.stringContaining('it begins behind entry 1 of epoch 2'),
    })
  })

  it('is a missing meta beside segments', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    await journal.append([entry(1)])
    await journal.close()
    await disk.remove(metaName)
    await expect(openJournal(disk)).rejects.toMatchObject({ code: 'GOETHE_CORRUPT' })
  })

  it('is found when it is read', async () => {
    const disk = new MemoryDisk()
    const journal = await openJournal(disk)
    await journal.append([entry(1)])
    disk.bytes(segmentName(1))[segmentHeaderBytes + 50]! ^= 1
    await expect(journal.read(1, 100)).rejects.toMatchObject({ code: 'GOETHE_CORRUPT' })
  })
})

/** The states that may be found when it is interrupted, the last one being that after it. */
function randomStep(
  random: Random,
  model: Model,
  journal: Awaited<ReturnType<typeof openJournal>>,
): [Model[], () => Promise<unknown>] {
  const { base, entries } = model
  const last = lastOf(model)
  switch (random.int(0, 9)) {
    case 0: {
      const lsn = random.int(base.lsn, last.lsn)
      const cut = { base, entries: entries.filter((one) => one.lsn <= lsn) }
      return [[model, cut], () => journal.truncate(lsn)]
    }
    case 1: {
      const lsn = random.int(base.lsn, last.lsn)
      const kept = entries.filter((one) => one.lsn > lsn)
      const before = entries.find((one) => one.lsn === lsn) ?? base
      const trimmed = { base: { lsn: before.lsn, epoch: before.epoch }, entries: kept }
      return [[trimmed], () => journal.trim(lsn + 1)]
    }
    case 2: {
      if (!random.chance(0.2)) return [[model], () => journal.writeFacts({ seenEpoch: 1 })]
      // A snapshot may end before a journal does that nobody else has.
      const lsn = random.chance(0.5) ? last.lsn + random.int(1, 50) : random.int(base.lsn, last.lsn)
      const place = { lsn, epoch: last.epoch + 1 }
      return [[model, { base: place, entries: [] }], () => journal.reset(place)]
    }
    default: {
      const batches: StoredEntry[][] = []
      let end = last
      for (let count = random.int(1, 5); count > 0; count--) {
        const batch = randomEntries(random, end, random.int(1, 4))
        end = batch.at(-1)!
        batches.push(batch)
      }
      const added = batches.flat()
      const states = Array.from({ length: added.length + 1 }, (_, count) => ({
        base,
        entries: [...entries, ...added.slice(0, count)],
      }))
      return [states, () => Promise.all(batches.map((batch) => journal.append(batch)))]
    }
  }
}

/** Does something while the disk is gone from the given call on. */
async function failAfter(
  disk: MemoryDisk,
  calls: number,
  act: () => Promise<unknown>,
): Promise<void> {
  let left = calls
  disk.fault = () => {
    if (left-- <= 0) throw new Error('the power is gone')
  }
  await act().catch(() => {})
}

function holds(held: readonly StoredEntry[], { base, entries }: Model): boolean {
  const wanted = held.filter(({ lsn }) => lsn > base.lsn)
  return JSON.stringify(plain(wanted)) === JSON.stringify(plain(entries))
}

/** All that ever counts, so that what is held although it may be trimmed can be compared. */
function merge(all: Model, model: Model): Model {
  const { base } = model
  const before = all.entries.filter(({ lsn }) => lsn <= base.lsn)
  const joined = lastOf({ base: all.base, entries: before }).lsn === base.lsn
  return joined ? { base: all.base, entries: [...before, ...model.entries] } : model
}

function plain(entries: readonly StoredEntry[]): unknown[] {
  return entries.map(({ lsn, epoch, operations }) => [
    lsn,
    epoch,
    Buffer.from(operations).toString('hex'),
  ])
}
