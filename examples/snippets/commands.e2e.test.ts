import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, runServer } from './running-server.js'

const root = new URL('../../', import.meta.url)
const goethe = fileURLToPath(new URL('packages/cli/dist/main.js', root))

/** Pages whose commands are run one after the other, as somebody does who reads them. */
const pages = ['README.md', 'docs/api.md']

describe.each(pages)('the commands in %s', (page) => {
  let server: RunningServer

  beforeAll(async () => {
    server = await runServer()
    // `npx goethe` of a clone, without the time that npx takes.
    writeFileSync(
      join(server.directory, 'npx'),
      `#!/bin/sh\nshift\nexec '${process.execPath}' '${goethe}' "$@"\n`,
      { mode: 0o755 },
    )
  })

  afterAll(() => server[Symbol.asyncDispose]())

  test.each(commandsOf(page))('%s', async (command) => {
    const follows = command.includes('follow')
    const { code, output } = await run(command, follows)
    expect(output).not.toContain('GOETHE_')
    if (!follows) expect(code).toBe(0)
    for (const expected of announced(command)) expect(output).toContain(expected)
    expect(output).not.toBe('')
  })

  /** What goes on is ended as soon as it has shown an event. */
  async function run(command: string, follows: boolean): Promise<{ code: number; output: string }> {
    const text = command.replaceAll('localhost:1338', server.http)
    const child = spawn('bash', ['-c', text], {
      cwd: server.directory,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        GOETHE_SERVER: server.address,
        PATH: `${server.directory}${delimiter}${process.env['PATH'] ?? ''}`,
      },
    })
    let output = ''
    let isTold = false
    child.stderr.resume()
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      if (!follows || !output.includes('"payload') || isTold) return
      // Once: when it has ended, there is nobody to be told.
      isTold = true
      process.kill(-child.pid!, 'SIGTERM')
    })
    const [code] = (await once(child, 'close')) as [number]
    return { code, output }
  }
})

/** What a comment behind a command says that its output has. */
function announced(command: string): string[] {
  return [...command.matchAll(/#=> (.*)$/gm)].map(([, text]) => text ?? '')
}

/** The commands of a page; those that go on in the next line are one. */
function commandsOf(page: string): string[] {
  const text = readFileSync(new URL(page, root), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '')
  return blocks
    .flatMap((block) => block.replaceAll('\\\n', '\\\u0000').split('\n'))
    .map((line) => line.replaceAll('\u0000', '\n'))
    .filter((line) => line !== '' && !line.startsWith('#'))
}
