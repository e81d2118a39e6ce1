// The built core in a real browser: Debian's Chromium, which `npm test` installs where it can.
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PageServer, bundle, chromiumOptions, hasChromium } from './chromium'
import type {} from './page'

describe.skipIf(!hasChromium)('in a browser', () => {
  let server: PageServer
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    server = await PageServer.start(await bundle('page.ts'))
    browser = await chromium.launch(chromiumOptions)
  })

  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
  })

  // A page has its own profile, and so a log of its own.
  beforeEach(async () => {
    page = await browser.newPage()
    await open(page)
    return () => page.close()
  })

  async function open(page: Page) {
    const failed = new Promise<never>((_, reject) => page.once('pageerror', reject))
    const ready = page
      .goto(server.origin)
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
