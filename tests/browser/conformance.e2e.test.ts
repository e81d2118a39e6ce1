// The conformance suite in a real browser, on IndexedDB: each of its tests is one of these.
import { collectTests, storeConformance } from '@goethe/core/conformance'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TempFolder, tempFolder } from '../../packages/core/tests-support/temp-folder'
import { PageServer, bundle, chromiumOptions, hasChromium } from './chromium'
import type {} from './conformance-page'

// Declared here for their titles alone; the page declares the same ones and runs them.
const collected = collectTests()
storeConformance({
  ...collected,
  name: 'browser-level',
  store: () => {
    throw new Error('the tests run in the page')
  },
})

describe.skipIf(!hasChromium)('in a browser', () => {
  let server: PageServer
  let userData: TempFolder
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    server = await PageServer.start(await bundle('conformance-page.ts'))
    userData = await tempFolder()
    context = await chromium.launchPersistentContext(userData.path, chromiumOptions)
    page = await context.newPage()
    const failed = new Promise<never>((_, reject) => page.once('pageerror', reject))
    const ready = page
      .goto(server.origin)
      .then(() => page.waitForFunction(() => 'runTest' in globalThis))
    await Promise.race([ready, failed])
  })

  afterAll(async () => {
    await context.close()
    await server[Symbol.asyncDispose]()
    await userData[Symbol.asyncDispose]()
  })

  for (const { title } of collected.tests) {
    test(`${title}`, async () => {
      const problem = await page.evaluate((name) => runTest(name), title)
      expect.assert(problem === undefined, problem)
    })
  }
})
