import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../../core/tests-support/temp-folder.js'
import { metaName } from '../journal/journal-meta.js'
import { MemberStorage } from './member-storage.js'
import type { StoreDirectoryOptions } from './store-directory.js'

const optionsFor = (directory: string): StoreDirectoryOptions => ({
  directory,
  database: (path) => new ClassicLevel(path, { keyEncoding: 'view', valueEncoding: 'view' }),
})

describe('what a member has on disk', () => {
  it('is locked by nobody once it could not be opened, nor its journal be closed', async () => {
    await using folder = await tempFolder()
    const options = optionsFor(folder.path)
    const storage = await MemberStorage.open(options)
    await storage.stores.current.apply([{ lsn: 1, epoch: 1, operations: new Uint8Array(0) }])
    await storage.close()
    // The store is ahead of the journal, whose facts cannot be written any more.
    const blocked = join(folder.path, 'journal', `${metaName}.new`)
    await mkdir(blocked)
    const unfit = { code: 'GOETHE_CORRUPT' }
    await expect(MemberStorage.open(options)).rejects.toMatchObject(unfit)
    // Not because it were locked: what keeps it from being opened is still the same.
    await expect(MemberStorage.open(options)).rejects.toMatchObject(unfit)

    await rm(blocked, { recursive: true })
    await rm(join(folder.path, 'store'), { recursive: true })
    await (await MemberStorage.open(options)).close()
  })

  it('is locked by nobody once its journal could not be closed', async () => {
    await using folder = await tempFolder()
    const options = optionsFor(folder.path)
    const storage = await MemberStorage.open(options)
    const blocked = join(folder.path, 'journal', `${metaName}.new`)
    await mkdir(blocked)
    await expect(storage.close()).rejects.toThrow(`${metaName}.new`)
    await rm(blocked, { recursive: true })
    await (await MemberStorage.open(options)).close()
  })
})
