import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'

const execute = promisify(execFile)
const demo = fileURLToPath(new URL('demo.mjs', import.meta.url))
const timeoutMs = 180_000

describe('the demo', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goethe-demo-'))
    return () => rm(directory, { recursive: true, force: true })
  })

  test(
    'all commits are loaded and shown, and a second run goes on from there',
    async () => {
      const first = await run()
      expect(first).toContain('116,196 events appended')
      expect(first).toContain('Topics (30)')
      expect(first).toMatch(/#2002 {2}2019-05-05T15:21:34Z {2}073f7476ccec/)
      expect(first).toMatch(/2011 +56 /)
      expect(first).toContain("The cursor 'demo' of fastify/fastify starts with the first event")
      expect(first).toContain('116,196 events of 16.4 MiB read')

      const second = await run()
      expect(second).toContain('116,196 events were there already')
      expect(second).not.toContain('appended')
      expect(second).toContain("The cursor 'demo' of fastify/fastify goes on behind #3")
      expect(second).toContain('116,196 events of 16.4 MiB read')
    },
    timeoutMs,
  )

  test('a file of your own is loaded', async () => {
    const path = join(directory, 'own.ndjson.gz')
    const line = { source: 'sensor', time: '2024-02-29T12:00:00Z', id: 'a', data: { celsius: 21 } }
    await writeFile(path, gzipSync(`${JSON.stringify(line)}\n`))
    const output = await run(path)
    expect(output).toContain('1 events appended')
    expect(output).toContain('#1  2024-02-29T12:00:00Z  a  {"celsius":21}')
  })

  test('a line that is no event is named', async () => {
    const path = join(directory, 'own.ndjson')
    await writeFile(path, '{"source":"sensor","time":"2024-02-29T12:00:00Z"}\n{"source":1}\n')
    await expect(run(path)).rejects.toThrow('Line 2 is no CloudEvent')
  })

  async function run(...args: string[]): Promise<string> {
    const log = join(directory, 'log')
    const { stdout } = await execute(process.execPath, [demo, ...args, '--data', log])
    return stdout
  }
})
