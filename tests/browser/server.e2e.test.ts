// The JSON API and the tail of a server process, from pages in a real browser.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAgain } from '../server/restart'
import { type ServerProcess, startServerProcess } from '../server/server-process'
import { PageServer, chromiumOptions, hasChromium } from './chromium'

declare global {
  /** What the EventSource of the page has received. */
  var received: { id: string; payload: string }[]
}

/** What goes into the page of a request. */
interface PageRequest {
  method?: string
  headers?: Record<string, string>
  body?: string
  mode?: 'cors' | 'no-cors'
}

describe.skipIf(!hasChromium)('a page in a browser', () => {
  let folder: string
  let args: string[]
  let server: ServerProcess
  let own: PageServer
  let foreign: PageServer
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goethe-browser-'))
    own = await PageServer.start()
    // Another port is another origin.
    foreign = await PageServer.start()
    args = ['--disk-reserve-bytes', '0', '--http-allowed-origins', own.origin]
    server = await startServerProcess({ data: join(folder, 'log'), args })
    browser = await chromium.launch(chromiumOptions)
  })
  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
    await Promise.all([own, foreign].map((pages) => pages[Symbol.asyncDispose]()))
    await rm(folder, { recursive: true })
  })
  beforeEach(async () => {
    page = await browser.newPage()
    return () => page.close()
  })

  describe('of an allowed origin', () => {
    beforeEach(async () => {
      await page.goto(own.origin)
    })

    test('appends and reads', async () => {
      const receipt = await append('plays', ['Faust', 'Egmont'])
      expect(receipt).toMatchObject({ status: 200, body: { topic: 'plays', count: 2 } })
      expect(await texts('plays')).toEqual(['Faust', 'Egmont'])
    })

    test('is told by the code of an error what went wrong', async () => {
      await append('account', ['opened'], 'empty')
      expect(await append('account', ['opened'], 'empty')).toMatchObject({
        status: 409,
        body: { code: 'GOETHE_CONFLICT', details: { lastSequence: 1 } },
      })
    })

    test('follows on behind the last event when the server was stopped or killed', async () => {
      await append('tail', ['1', '2'])
      await follow('tail')
      await received(2)
      await append('tail', ['3'])
      await received(3)
      for (const [signal, payload] of [
        ['SIGTERM', '4'],
        ['SIGKILL', '5'],
      ] as const) {
        server.kill(signal)
        server = await startAgain(server, args)
        // Before the page is back, most likely: it waits for a second.
        await append('tail', [payload])
        await received(Number(payload))
      }
      await append('tail', ['6'])
      expect((await received(6)).map((event) => event.payload)).toEqual([
        '1',
        '2',
        '3',
        '4',
        '5',
        '6',
      ])
    })
  })

  describe('of another origin', () => {
    beforeEach(async () => {
      await page.goto(foreign.origin)
    })

    test('neither reads nor appends, with and without asking before', async () => {
      const refused = { error: 'TypeError: Failed to fetch' }
      expect(await append('secrets', ['x'])).toEqual(refused)
      const url = `${server.url}/v1/topics/secrets/events`
      // Browsers send these without asking.
      expect(await fetched(url, { method: 'POST', body: 'x' })).toEqual(refused)
      expect(await fetched(url)).toEqual(refused)
      expect(await fetched(`${server.url}/v1/topics`)).toEqual(refused)
      // What a page does not want to read is sent all the same, and refused by the server.
      const blind = await fetched(url, { method: 'POST', body: 'x', mode: 'no-cors' })
      expect(blind).toEqual({ status: 0, body: '' })
      expect((await fetch(`${server.url}/v1/topics/secrets`)).status).toBe(404)
    })

    test('follows nothing', async () => {
      await fetch(`${server.url}/v1/topics/letters/events`, { method: 'POST', body: 'to Schiller' })
      const state = await page.evaluate(
        (url) =>
          new Promise<number | string>((resolve) => {
            const source = new EventSource(url)
            source.onerror = () => resolve(source.readyState)
            source.onmessage = ({ data }) => resolve(data as string)
          }),
        `${server.url}/v1/topics/letters/events?follow=true`,
      )
      // EventSource.CLOSED: the browser does not try again.
      expect(state).toBe(2)
    })
  })

  /** The answer of a request that the page makes, or the error of `fetch`. */
  function fetched(url: string, init: PageRequest = {}) {
    return page.evaluate(
      async ([url, init]) => {
        try {
          const answer = await fetch(url, init)
          const text = await answer.text()
          return { status: answer.status, body: text === '' ? '' : (JSON.parse(text) as object) }
        } catch (error) {
          return { error: String(error) }
        }
      },
      [url, init] as const,
    )
  }

  /** JSON, which a browser asks for before. */
  function append(topic: string, payloads: readonly string[], expected?: string) {
    return fetched(`${server.url}/v1/topics/${topic}/events`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(expected !== undefined && { 'goethe-expect': expected }),
      },
      body: JSON.stringify(payloads.map((payload) => ({ payload }))),
    })
  }

  async function texts(topic: string): Promise<string[]> {
    const { body } = (await fetched(`${server.url}/v1/topics/${topic}/events`)) as {
      body: { events: { payload: string }[] }
    }
    return body.events.map(({ payload }) => payload)
  }

  function follow(topic: string) {
    return page.evaluate((url) => {
      globalThis.received = []
      new EventSource(url).onmessage = ({ lastEventId, data }) => {
        const { payload } = JSON.parse(data as string) as { payload: string }
        globalThis.received.push({ id: lastEventId, payload })
      }
    }, `${server.url}/v1/topics/${topic}/events?follow=true`)
  }

  /** What the page has received, once there are so many. */
  async function received(count: number) {
    await page.waitForFunction((count) => globalThis.received.length >= count, count)
    return page.evaluate(() => globalThis.received)
  }
})
