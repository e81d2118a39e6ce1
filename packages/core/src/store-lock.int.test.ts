import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { EventLog } from './index.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goethe-lock-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

it('a store that this process has open already is said to be so', async () => {
  const log = await EventLog.open(new ClassicLevel(directory))
  await expect(EventLog.open(new ClassicLevel(directory))).rejects.toMatchObject({
    code: 'GOETHE_LOCKED',
    message: expect.stringContaining('is open already in this process') as string,
  })
  await log.close()
})

it('a store that another process has open is said to be so', async () => {
  const program = `
    const { ClassicLevel } = await import(${JSON.stringify(import.meta.resolve('classic-level'))})
    await new ClassicLevel(${JSON.stringify(directory)}).open()
    console.log('open')
    process.stdin.resume()`
  const other = spawn(process.execPath, ['--input-type=module', '-e', program])
  await once(other.stdout, 'data')
  await expect(EventLog.open(new ClassicLevel(directory))).rejects.toMatchObject({
    code: 'GOETHE_LOCKED',
    message: expect.stringContaining('is open already in another process') as string,
  })
  other.stdin.end()
  await once(other, 'exit')
})
