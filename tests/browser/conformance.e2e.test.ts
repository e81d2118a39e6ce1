// The conformance suite in a real browser, on IndexedDB: each of its tests is one of these.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { collectTests, storeConformance } from '@goethe/core/conformance'
import { build } from 'esbuild'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {} from './conformance-page'

const executablePath = '/usr/bin/chromium'

// Declared here for their titles alone; the page declares the same ones and runs them.
const collected = collectTests()
storeConformance({
  ...collected,
  name: 'browser-level',
  store: () => {
    throw new Error('the tests run in the page')
  },
})

// Debian's Chromium, which `npm test` installs where it can.
describe.skipIf(!existsSync(executablePath))('in a browser', () => {
  const server = createServer()
  let userData: string
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    const script = await bundle('conformance-page.ts')
    server.on('request', (request, response) => {
      const isScript = request.url === '/page.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? script : '<script type="module" src="/page.js"></script>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    userData = await mkdtemp(join(tmpdir(), 'goethe-chromium-'))
    context = await chromium.launchPersistentContext(userData, {
      executablePath,
      // Root, as in many containers, can have no sandbox; all that runs here is our own.
      chromiumSandbox: false,
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    page = await context.newPage()
    const failed = new Promise<never>((_, reject) => page.once('pageerror', reject))
    const { port } = server.address() as AddressInfo
    const ready = page
      .goto(`http://127.0.0.1:${port}/`)
      .then(() => page.waitForFunction(() => 'runTest' in globalThis))
    await Promise.race([ready, failed])
  })

  afterAll(async () => {
    await context.close()
    await new Promise((resolve) => server.close(resolve))
    await rm(userData, { recursive: true })
  })

  for (const { title } of collected.tests) {
    test(`${title}`, async () => {
      const problem = await page.evaluate((name) => runTest(name), title)
      expect.assert(problem === undefined, problem)
    })
  }
})

async function bundle(file: string) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
    // The tsconfig.json of the workspace would lead to the sources instead of to the build.
    tsconfigRaw: {},
  })
  return outputFiles[0]?.text ?? ''
}
