// A process that ends between a write and its sync leaves what reads as whole, and is not durable yet.
import { expect, it } from 'vitest'
import { allEntries, openJournal } from '../../tests-support/journals.js'
import { type Chooser, type DiskCall, MemoryDisk } from '../../tests-support/memory-disk.js'
import { noFacts } from '../replica/facts.js'
import type { Journal } from './journal.js'
import { segmentName } from './segment-header.js'

const loseAll: Chooser = { int: (from) => from, chance: () => false }
const entry = (lsn: number) => ({ lsn, epoch: 1, operations: new Uint8Array(100).fill(lsn) })

it('makes durable what it finds before it says that it is', async () => {
  const disk = new MemoryDisk()
  const journal = await openJournal(disk)
  await journal.append([entry(1)])
  await endBefore(disk, 'sync', segmentName(1), journal, () => journal.append([entry(2)]))

  const restarted = await openJournal(disk)
  expect(restarted.last.lsn).toBe(2)
  disk.crash(loseAll)
  const again = await openJournal(disk)
  expect((await allEntries(again)).map(({ lsn }) => lsn)).toEqual([1, 2])
})

it('writes once more what it finds behind a sync that failed', async () => {
  const disk = new MemoryDisk()
  const journal = await openJournal(disk)
  await journal.append([entry(1)])
  disk.forgetsFailures = true
  await endBefore(disk, 'sync', segmentName(1), journal, () => journal.append([entry(2)]))

  const restarted = await openJournal(disk)
  expect(restarted.last.lsn).toBe(2)
  await restarted.append([entry(3)])
  disk.crash(loseAll)
  const again = await openJournal(disk)
  expect((await allEntries(again)).map(({ lsn }) => lsn)).toEqual([1, 2, 3])
})

it('does so for the facts too', async () => {
  const disk = new MemoryDisk()
  const journal = await openJournal(disk)
  const facts = { ...noFacts, seenEpoch: 7 }
  await endBefore(disk, 'sync', '.', journal, () => journal.writeFacts(facts))

  const restarted = await openJournal(disk)
  expect(restarted.meta.facts).toEqual(facts)
  disk.crash(loseAll)
  expect((await openJournal(disk)).meta.facts).toEqual(facts)
})

/** The process ends in the middle of this, as the system sees it: nothing comes after the write. */
async function endBefore(
  disk: MemoryDisk,
  call: DiskCall,
  name: string,
  journal: Journal,
  work: () => Promise<void>,
): Promise<void> {
  disk.fault = (each, on) => {
    if (each === call && on === name) throw new Error('killed')
  }
  await expect(work()).rejects.toMatchObject({ code: 'GOETHE_WRITE_FAILED' })
  await journal.close()
  disk.fault = undefined
}
