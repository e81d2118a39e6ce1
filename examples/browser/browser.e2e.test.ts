import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { serve } from './server.mjs'

const executablePath = '/usr/bin/chromium'
const args = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

describe.skipIf(!existsSync(executablePath))('the page', () => {
  let server: Awaited<ReturnType<typeof serve>>
  let browser: Browser
  let context: BrowserContext

  beforeAll(async () => {
    server = await serve(0)
    // Root, as in many containers, can have no sandbox; all that runs here is our own.
    browser = await chromium.launch({
      executablePath,
      args,
      chromiumSandbox: false,
      timeout: 60_000,
    })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  // A context has a profile of its own, and so a log of its own.
  beforeEach(async () => {
    context = await browser.newContext()
    return () => context.close()
  })

  test('what is appended appears, and is there after a reload', async () => {
    const page = await openTab()
    await shows(page, 'Nothing here yet')
    await append(page, 'Mehr Licht!')
    await shows(page, '1 note')
    await page.reload()
    await shows(page, '1 note')
    await append(page, 'Über allen Gipfeln')
    await shows(page, '2 notes')
    expect(await page.locator('li span:nth-child(2)').allTextContents()).toEqual([
      'Über allen Gipfeln',
      'Mehr Licht!',
    ])
  })

  test('a second tab says that the log is open elsewhere, and goes on when it may', async () => {
    const first = await openTab()
    await append(first, 'from the first tab')
    await shows(first, '1 note')
    const second = await openTab()
    await shows(second, 'This log is open in another tab. Close that one to go on here.')
    expect(await second.locator('input').isDisabled()).toBe(true)
    await first.close()
    await shows(second, '1 note')
    await append(second, 'from the second tab')
    await shows(second, '2 notes')
  })

  test('what a note says is text and not a page', async () => {
    const page = await openTab()
    await append(page, '<b>bold</b>')
    await shows(page, '1 note')
    expect(await page.locator('li b').count()).toBe(0)
  })

  async function openTab(): Promise<Page> {
    const page = await context.newPage()
    await page.goto(server.url)
    return page
  }
})

async function append(page: Page, text: string): Promise<void> {
  await page.locator('fieldset:enabled input').fill(text)
  await page.getByRole('button', { name: 'Append' }).click()
}

async function shows(page: Page, status: string): Promise<void> {
  await page.locator('#status').filter({ hasText: status }).waitFor()
}
