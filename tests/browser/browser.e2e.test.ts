// The built core in a real browser: Debian's Chromium, which `npm test` installs where it can.
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type {} from './page'

const executablePath = '/usr/bin/chromium'

describe.skipIf(!existsSync(executablePath))('in a browser', () => {
  const server = createServer()
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    const script = await bundle('page.ts')
    server.on('request', (request, response) => {
      const isScript = request.url === '/page.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? script : '<script type="module" src="/page.js"></script>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // Root, as in many containers, can have no sandbox; all that runs here is our own.
    browser = await chromium.launch({ executablePath, chromiumSandbox: false })
  })

  afterAll(async () => {
    await browser.close()
    await new Promise((resolve) => server.close(resolve))
  })

  // A page has its own profile, and so a log of its own.
  beforeEach(async () => {
    page = await browser.newPage()
    await open(page)
    return () => page.close()
  })

  async function open(page: Page) {
    const { port } = server.address() as AddressInfo
    const failed = new Promise<never>((_, reject) => page.once('pageerror', reject))
    const ready = page
      .goto(`http://127.0.0.1:${port}/`)
      .then(() => page.waitForFunction(() => 'firstFollowed' in globalThis))
    await Promise.race([ready, failed])
  }

  test('events are appended and read', async () => {
    const receipt = await page.evaluate(() => append(['one', 'two']))
    expect(receipt).toEqual({ firstSequence: 1, lastSequence: 2 })
    expect(await page.evaluate(() => read())).toEqual(['one', 'two'])
  })

  test('events are there after a reload, and the next one follows on', async () => {
    await page.evaluate(() => append(['one']))
    await open(page)
    const receipt = await page.evaluate(() => append(['two']))
    expect(receipt.firstSequence).toBe(2)
    expect(await page.evaluate(() => read())).toEqual(['one', 'two'])
  })

  test('a reader that follows gets what is appended next', async () => {
    expect(await page.evaluate(() => firstFollowed('fresh'))).toBe('fresh')
  })
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
