import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const execute = promisify(execFile)
const pathTo = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

test('what follows `npm start --` goes to `goethe serve`', async () => {
  const args = [pathTo('start.mjs'), '--grpc-port', '4711', '--print-config']
  const { stdout } = await execute(process.execPath, args)
  expect(stdout).toMatch(/^ {2}port: 4711$/m)
}, 120_000)

test('`npx goethe` runs the command line that is built here', async () => {
  const { stdout } = await execute(process.execPath, [pathTo('command/goethe.mjs'), '--help'])
  expect(stdout).toContain('Usage: goethe')
})
