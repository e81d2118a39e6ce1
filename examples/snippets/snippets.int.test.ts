import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { runServer } from './running-server.js'

const execute = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))
const files = readdirSync(here).filter((name) => name.endsWith('.mjs'))
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

describe.each(files)('%s', (name) => {
  const source = readFileSync(join(here, name), 'utf8')
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'goethe-snippet-'))
    return () => rmSync(directory, { recursive: true, force: true })
  })

  test('it runs and prints what it says', async () => {
    // Those of the client need somebody to talk to.
    await using server = name.startsWith('client') ? await runServer() : undefined
    const { stdout, stderr } = await execute(process.execPath, [join(here, name)], {
      cwd: directory,
      env: { ...process.env, ...(server && { GOETHE_SERVER: server.address }) },
    })
    expect(stderr).toBe('')
    expect(stdout.split('\n').slice(0, -1)).toEqual(announced(source))
  })

  test('the README shows it as it is', () => {
    expect(blocks(readme)).toContain(shown(source))
  })
})

test('all code in the README is a snippet that runs', () => {
  const all = files.map((name) => shown(readFileSync(join(here, name), 'utf8')))
  for (const block of blocks(readme)) expect(all).toContain(block)
})

/** What comments say that a snippet prints. */
function announced(source: string): string[] {
  return [...source.matchAll(/\/\/=> (.*)$/gm)].map(([, line]) => line ?? '')
}

/** The regions of a snippet. */
function shown(source: string): string {
  const regions = source.matchAll(/^ *\/\/#region\n(.*?)^ *\/\/#endregion$/gms)
  return [...regions].map(([, region]) => region).join('')
}

/** The JavaScript in a page. */
function blocks(page: string): string[] {
  return [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, block]) => block ?? '')
}
