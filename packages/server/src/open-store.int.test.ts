import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { openStore } from './open-store.js'

describe('openStore', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goethe-store-'))
    return () => rm(folder, { recursive: true, force: true })
  })

  test('it makes the directory, and finds the events there the next time', async () => {
    const directory = join(folder, 'some', 'where')
    const log = await openStore(directory)
    await log.append('orders', new Uint8Array([1]))
    await log.close()
    await using again = await openStore(directory, { create: false })
    expect((await again.read('orders').toArray()).length).toBe(1)
  })

  test('a directory that is open says so by its name', async () => {
    await using _log = await openStore(folder)
    await expect(openStore(folder)).rejects.toMatchObject({
      code: 'GOETHE_LOCKED',
      message: expect.stringContaining(`The log in ${folder} is open already`),
    })
  })

  test('without create, a directory that is not there stays so', async () => {
    const directory = join(folder, 'typo')
    await expect(openStore(directory, { create: false })).rejects.toMatchObject({
      code: 'GOETHE_INVALID_STORE',
      message: `There is no log in ${directory}`,
    })
    expect(existsSync(directory)).toBe(false)
  })

  test('a file in the way is named', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    await expect(openStore(file)).rejects.toMatchObject({
      code: 'GOETHE_INVALID_STORE',
      message: expect.stringContaining(file),
    })
  })

  test('the options are the log’s own', async () => {
    await using log = await openStore(folder, { durability: 'os' })
    expect(log.status().durability).toBe('os')
  })
})
