import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { checkMemberDirectory } from './data-directory.js'
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

  test('the process that has it open is named', async () => {
    const script = `
      import { ClassicLevel } from 'classic-level'
      await new ClassicLevel(${JSON.stringify(folder)}).open()
      process.stdout.write('open')
      process.stdin.resume()`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const note = (holder: object) => writeFile(join(folder, 'goethe.pid'), JSON.stringify(holder))
    const startedAt = '2026-01-01T00:00:00.000Z'
    const message = () => openStore(folder).catch((error: Error) => error.message)

    await note({ pid: child.pid, host: hostname(), startedAt })
    expect(await message()).toContain(`is open already by process ${child.pid}`)
    if (existsSync('/proc')) expect(await message()).toContain('--input-type=module')
    await note({ pid: 1, host: 'elsewhere', startedAt })
    expect(await message()).toContain('probably by process 1 on elsewhere')
    // A note that is out of date, or none at all, names nobody.
    for (const text of ['', '{}', '{"pid":-1,"host":"x"}']) {
      await writeFile(join(folder, 'goethe.pid'), text)
      expect(await message()).toContain('is open already, and only one')
    }
    child.stdin.end()
    await once(child, 'exit')
    await note({ pid: process.pid, host: hostname(), startedAt })
    await using _log = await openStore(folder)
  })

  test.each([
    ['MANIFEST-', 'nothing'],
    ['CURRENT', 'nothing'],
    ['MANIFEST-', 'gone'],
  ])('a damaged %s (%s) is said to be damage, and what to do', async (file, damage) => {
    await (await openStore(folder)).close()
    const name = (await readdir(folder)).find((one) => one.startsWith(file))!
    await (damage === 'gone' ? rm(join(folder, name)) : writeFile(join(folder, name), ''))
    await expect(openStore(folder)).rejects.toMatchObject({
      code: 'GOETHE_CORRUPT',
      message: expect.stringMatching(/is damaged and cannot be opened.*import the last export/),
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

  test('tables without their CURRENT are damage, and are not cleared away', async () => {
    const log = await openStore(folder)
    await log.append('orders', new Uint8Array([1]))
    await log.close()
    // A log that is opened again writes what was in its journal into a table.
    await (await openStore(folder)).close()
    await rm(join(folder, 'CURRENT'))
    const before = await readdir(folder)
    expect(before.some((name) => name.endsWith('.ldb'))).toBe(true)
    await expect(openStore(folder)).rejects.toMatchObject({ code: 'GOETHE_CORRUPT' })
    expect(await readdir(folder)).toEqual(before)
  })

  test('a directory with files of somebody else is refused, and left alone', async () => {
    await writeFile(join(folder, 'thesis.txt'), '')
    await expect(openStore(folder)).rejects.toMatchObject({
      code: 'GOETHE_INVALID_STORE',
      message: expect.stringContaining(`${folder} holds other files, such as thesis.txt`),
    })
    await expect(openStore(folder, { create: false })).rejects.toMatchObject({
      message: `There is no log in ${folder}`,
    })
    expect(await readdir(folder)).toEqual(['thesis.txt'])
  })

  test('what the system keeps in a volume is no obstacle, nor what is beside a log', async () => {
    await mkdir(join(folder, 'lost+found'))
    await writeFile(join(folder, '.gitkeep'), '')
    await (await openStore(folder)).close()
    await writeFile(join(folder, 'notes.txt'), '')
    await using log = await openStore(folder)
    expect(log.status().lastId).toBe(0n)
  })

  test('the directory of a member of a cluster is refused, and the other way round', async () => {
    const member = join(folder, 'member')
    for (const name of ['journal', 'store']) await mkdir(join(member, name), { recursive: true })
    for (const create of [true, false]) {
      await expect(openStore(member, { create })).rejects.toMatchObject({
        code: 'GOETHE_INVALID_STORE',
        message: expect.stringContaining(`${member} is that of a member of a cluster`),
      })
    }
    await checkMemberDirectory(member)
    const single = join(folder, 'single')
    await (await openStore(single)).close()
    await expect(checkMemberDirectory(single)).rejects.toMatchObject({
      code: 'GOETHE_INVALID_STORE',
      message: expect.stringContaining(`${single} holds the log of a single server`),
    })
  })

  test('a member goes on where its first start was cut off, but not among other files', async () => {
    await checkMemberDirectory(folder)
    await mkdir(join(folder, 'store'))
    await checkMemberDirectory(folder)
    await rm(join(folder, 'store'), { recursive: true })
    await writeFile(join(folder, 'thesis.txt'), '')
    await expect(checkMemberDirectory(folder)).rejects.toMatchObject({
      message: expect.stringContaining('holds other files, such as thesis.txt, and no member'),
    })
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
