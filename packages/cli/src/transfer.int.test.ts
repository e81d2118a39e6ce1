import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { openStore } from '@goethe/server'
import { beforeEach, describe, expect, test } from 'vitest'
import { commitLines } from '../tests-support/commits.js'
import { type RunOptions, jsonLines, runGoethe } from '../tests-support/run-goethe.js'
import { temporaryFolder } from '../tests-support/temporary-folder.js'

const lines = commitLines(3000)
const fields = ['--topic-field', 'source', '--time-field', 'time']

let folder: string
let data: string
let file: string

beforeEach(async () => {
  const { folder: made, remove } = await temporaryFolder()
  folder = made
  data = join(folder, 'log')
  file = join(folder, 'commits.ndjson.gz')
  await writeFile(file, gzipSync(`${lines.join('\n')}\n`))
  return remove
})

describe('import', () => {
  test('each event comes under its topic and its time', async () => {
    expect(await json('import', file, ...fields)).toMatchObject([{ count: 3000, skipped: 0 }])
    const events = await json('read', '*')
    expect(events.map(({ payload }) => payload)).toEqual(lines)
    for (const { payload, topic, time } of events) {
      const commit = JSON.parse(payload as string) as { source: string; time: string }
      expect(topic).toBe(commit.source)
      expect(Date.parse(time as string)).toBe(Date.parse(commit.time))
    }
  })

  test('it goes on where it was interrupted', async () => {
    const some = `${lines.slice(0, 1234).join('\n')}\n`
    await goethe(['import', ...fields], { input: some })
    const again = await goethe(['import', file, ...fields])
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('Pass --resume if they come from an earlier run')
    expect(await json('import', file, ...fields, '--resume')).toMatchObject([
      { count: 3000 - 1234, skipped: 1234 },
    ])
    expect((await json('read', '*')).map(({ payload }) => payload)).toEqual(lines)
    expect(await json('import', file, ...fields, '--resume')).toEqual([{ count: 0, skipped: 3000 }])
  })

  test('another file is not taken for the same', async () => {
    const other = lines.map((line) => line.replace('"parents":', '"parents": '))
    await goethe(['import', ...fields], { input: other.slice(0, 100).join('\n') })
    const { code, stderr } = await goethe(['import', file, ...fields, '--resume'])
    expect(code).toBe(1)
    expect(stderr).toContain('this is another input than the one whose import is to go on')
  })

  test('a time that goes back is refused with its line, or taken on demand', async () => {
    const input = [lines[1], lines[2999], lines[0]].join('\n')
    const refused = await goethe(['import', ...fields], { input })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('Line 3 of standard input is of 2011-03-02')
    const taken = await goethe(['import', ...fields, '--allow-late', '--resume'], { input })
    expect(taken.code).toBe(0)
    expect(JSON.parse(taken.stdout)).toMatchObject({ late: 1 })
  })

  test('what went wrong is named by its line, and what was before it is there', async () => {
    const input = `${lines[0]}\n${lines[1]}\nno JSON\n`
    const { code, stderr } = await goethe(['import', ...fields], { input })
    expect(code).toBe(1)
    expect(stderr).toContain('goethe: Line 3 of standard input is not JSON\n')
  })

  test('what export has written comes back under its ids', async () => {
    const log = await openStore(data)
    await log.append('a', [Buffer.from([0xff, 0x00]), Buffer.from('{"x":1}'), Buffer.from('')])
    await log.append('b', Buffer.from('Faust\n'))
    await log.close()
    const packed = join(folder, 'all.ndjson.gz')
    expect(await json('export', '-o', packed)).toEqual([{ events: 4, file: packed }])
    const exported = (await goethe(['export'])).stdout
    data = join(folder, 'copy')
    expect(await json('import', packed)).toMatchObject([{ count: 4 }])
    expect((await goethe(['export'])).stdout).toBe(exported)
  })

  test('no bar is drawn among events on a terminal', async () => {
    await goethe(['append', 'orders', 'Faust'])
    expect(await goethe(['export'], { terminal: true })).toMatchObject({ code: 0, stderr: '' })
  })

  test('lines that are no export say what is missing', async () => {
    const { stderr } = await goethe(['import', file])
    expect(stderr).toContain('is no line of `goethe export`')
    expect(stderr).toContain('--topic-field FIELD')
  })
})

describe('backup and restore', () => {
  test('a file brings everything back', async () => {
    await goethe(['import', file, ...fields])
    await goethe(['consume', 'google/leveldb', '-c', 'x', '--limit', '3'])
    const backup = join(folder, 'backup')
    expect(await json('backup', backup)).toMatchObject([{ events: 3000, file: backup }])
    const before = await goethe(['export'])
    const cursors = await goethe(['cursors'])
    data = join(folder, 'copy')
    expect(await json('restore', backup)).toMatchObject([{ events: 3000 }])
    expect(await goethe(['export'])).toEqual(before)
    expect(await goethe(['cursors'])).toEqual(cursors)
    const again = await goethe(['restore', backup])
    expect(again).toMatchObject({ code: 0 })
  })

  test('a directory of backups is brought back in its order', async () => {
    const backups = join(folder, 'backups')
    for (const text of ['Faust', 'Egmont', 'Iphigenie']) {
      await goethe(['append', 'orders', text])
      await goethe(['backup', backups, '--since-last'])
    }
    expect((await goethe(['backup', backups, '--since-last', '--text'])).stdout).toBe(
      'nothing new since the last backup\n',
    )
    expect(await readdir(backups)).toHaveLength(3)
    data = join(folder, 'copy')
    expect(await json('restore', backups)).toMatchObject([
      { events: 1 },
      { events: 1 },
      { events: 1 },
    ])
    const { stdout } = await goethe(['read', 'orders', '--payloads'])
    expect(stdout).toBe('Faust\nEgmont\nIphigenie\n')
  })

  test('backups of another log are not mixed up', async () => {
    const backups = join(folder, 'backups')
    await goethe(['append', 'orders', 'Faust'])
    await goethe(['backup', backups, '--since-last'])
    data = join(folder, 'other')
    await goethe(['append', 'orders', 'Egmont'])
    const { code, stderr } = await goethe(['backup', backups, '--since-last'])
    expect(code).toBe(1)
    expect(stderr).toContain('are of another log')
    expect(await readdir(backups)).toHaveLength(1)
  })

  test('a log that has other events refuses a backup', async () => {
    await goethe(['append', 'orders', 'Faust'])
    const backup = join(folder, 'backup')
    await goethe(['backup', backup])
    await goethe(['append', 'orders', 'Egmont'])
    const { code, stderr } = await goethe(['restore', backup])
    expect(code).toBe(1)
    expect(stderr).toContain('GOETHE_NOT_EMPTY')
  })

  test('what is no backup is refused by its name', async () => {
    const { code, stderr } = await goethe(['restore', file])
    expect(code).toBe(1)
    expect(stderr).toContain(`${file} is damaged, or no backup`)
    expect(stderr).toContain('JSON lines are for `goethe import`')
  })

  test('a file is no directory of a log', async () => {
    const { code, stderr } = await runGoethe(['topics', '--data', file])
    expect(code).toBe(3)
    expect(stderr).toBe(`goethe: ${file} is a file, and a log is a directory\n`)
  })

  test('a backup that cannot be made leaves no file behind', async () => {
    const { code } = await goethe(['backup', join(folder, 'none', 'backup')])
    expect(code).not.toBe(0)
    expect(await readdir(folder)).toEqual(['commits.ndjson.gz'])
  })
})

function goethe(args: readonly string[], options: RunOptions = {}) {
  return runGoethe(args, { ...options, environment: { GOETHE_DATA: data } })
}

async function json(...args: string[]): Promise<Record<string, unknown>[]> {
  return jsonLines((await goethe(args)).stdout)
}
