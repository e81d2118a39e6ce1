import { constants } from 'node:fs'
import { readFile, readdir, readlink, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tempFolder } from '../../../core/tests-support/temp-folder.js'
import { allEntries, openJournal } from '../../tests-support/journals.js'
import { behind, nodeDisk } from './node-disk.js'
import { segmentName } from './segment-header.js'
import type { StoredEntry } from './stored-entry.js'

const entry = (lsn: number): StoredEntry => ({
  lsn,
  epoch: 1,
  operations: new Uint8Array(1000).fill(lsn),
})

it('keeps a journal in files', async () => {
  await using folder = await tempFolder()
  const path = join(folder.path, 'new', 'journal')
  const journal = await openJournal(await nodeDisk(path), { segmentBytes: 5000 })
  for (let lsn = 1; lsn <= 20; lsn++) await journal.append([entry(lsn)])
  await journal.trim(11)
  await journal.truncate(18)
  await journal.close()
  expect(await readdir(path)).not.toContain(segmentName(1))

  const again = await openJournal(await nodeDisk(path), { segmentBytes: 5000 })
  const held = await allEntries(again)
  expect(again.last).toEqual({ lsn: 18, epoch: 1 })
  expect(held[0]!.lsn).toBeLessThanOrEqual(11)
  for (const { lsn, operations } of held) expect([...new Set(operations)]).toEqual([lsn])
  await again.append([entry(19)])
  await again.close()
})

it('holds entries large and small, which go to the disk without and with a copy', async () => {
  await using folder = await tempFolder()
  const sizes = [0, 10, 16 * 1024, 20_000, 5, 300_000, 16 * 1024 - 1]
  const entries = sizes.map((length, index) => ({
    lsn: index + 1,
    epoch: 1,
    operations: new Uint8Array(length).fill(index + 1),
  }))
  const hex = (some: readonly StoredEntry[]): string[] =>
    some.map(({ operations }) => Buffer.from(operations).toString('hex'))
  const journal = await openJournal(await nodeDisk(folder.path))
  await journal.append(entries)
  await journal.close()
  const again = await openJournal(await nodeDisk(folder.path))
  expect(hex((await again.read(1, 1e6))!)).toEqual(hex(entries))
  await again.close()
})

it('goes on behind what the system took of a write', () => {
  const parts = [[1, 2, 3], [4], [5, 6]].map((part) => Uint8Array.from(part))
  for (let taken = 0; taken <= 6; taken++) {
    const left = behind(parts, taken).flatMap((part) => [...part])
    expect(left).toEqual([1, 2, 3, 4, 5, 6].slice(taken))
  }
})

it('cuts away what a crash left half written', async () => {
  await using folder = await tempFolder()
  const journal = await openJournal(await nodeDisk(folder.path))
  await journal.append([entry(1)])
  await journal.append([entry(2)])
  const path = join(folder.path, segmentName(1))
  const { size } = await stat(path)
  await truncate(path, size - 1)
  const again = await openJournal(await nodeDisk(folder.path))
  expect(again.last).toEqual({ lsn: 1, epoch: 1 })
  expect((await stat(path)).size).toBeLessThan(size - 1000)
  await again.append([entry(2)])
  await again.close()
  await journal.close().catch(() => {})
})

it('is GOETHE_WRITE_FAILED on a disk that takes nothing', async () => {
  await using folder = await tempFolder()
  const disk = await nodeDisk(folder.path)
  const journal = await openJournal({
    ...disk,
    async open(name, create) {
      const file = await disk.open(name, create)
      const full = (): Promise<void> => Promise.reject(new Error('ENOSPC: no space left'))
      return {
        size: () => file.size(),
        read: (position, length) => file.read(position, length),
        write: (position, parts) => (position > 1000 ? full() : file.write(position, parts)),
        truncate: (length) => file.truncate(length),
        sync: () => file.sync(),
        close: () => file.close(),
      }
    },
  })
  await journal.append([entry(1)])
  await expect(journal.append([entry(2)])).rejects.toMatchObject({
    code: 'GOETHE_WRITE_FAILED',
    message: expect.stringContaining('ENOSPC'),
  })
  await journal.close()
  // It can be opened and read all the same.
  const again = await openJournal(disk)
  expect(again.last).toEqual({ lsn: 1, epoch: 1 })
  await again.close()
})

it.skipIf(process.platform !== 'linux')('has Linux make each write durable', async () => {
  await using folder = await tempFolder()
  const path = join(folder.path, 'file')
  const disk = await nodeDisk(folder.path)
  for (const create of [true, false]) {
    const file = await disk.open('file', create)
    expect((await flagsOf(path)) & constants.O_DSYNC).toBe(constants.O_DSYNC)
    await file.close()
  }
})

/** The flags with which this process has a file open. */
async function flagsOf(path: string): Promise<number> {
  for (const descriptor of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${descriptor}`).catch(() => undefined)
    if (target !== path) continue
    const information = await readFile(`/proc/self/fdinfo/${descriptor}`, 'utf8')
    return parseInt(/^flags:\s*(\d+)$/m.exec(information)![1]!, 8)
  }
  throw new Error(`${path} is not open`)
}
