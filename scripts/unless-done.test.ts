import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { unchanged, unlessDone } from './unless-done.mjs'

describe('unlessDone', () => {
  let folder: string
  let input: string
  let output: string
  let runs: number

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'goethe-unless-done-'))
    input = join(folder, 'input')
    output = join(folder, 'output')
    runs = 0
    writeFileSync(input, 'one')
    await work()
    return () => rmSync(folder, { recursive: true })
  })

  function work() {
    return unlessDone('work', [input], [output], folder, async () => {
      runs++
      writeFileSync(output, `made by run ${runs}`)
    })
  }

  test('does nothing when nothing has changed', async () => {
    expect(await work()).toBe(unchanged)
    expect(runs).toBe(1)
  })

  test('works again when an input has another content', async () => {
    writeFileSync(input, 'two')
    await work()
    expect(runs).toBe(2)
  })

  test('works again when an output is gone', async () => {
    rmSync(output)
    await work()
    expect(runs).toBe(2)
  })

  test('works again when somebody else has written an output', async () => {
    writeFileSync(output, 'made by hand')
    await work()
    expect(runs).toBe(2)
  })

  test('works again after it has failed', async () => {
    writeFileSync(input, 'two')
    const failing = unlessDone('work', [input], [output], folder, () =>
      Promise.reject(new Error('no')),
    )
    await expect(failing).rejects.toThrow('no')
    await work()
    expect(runs).toBe(2)
  })

  test('rejects when an output was not written', async () => {
    const other = join(folder, 'other')
    const promise = unlessDone('other', [input], [other], folder, () => Promise.resolve())
    await expect(promise).rejects.toThrow(`other has ended without writing ${other}`)
  })
})
