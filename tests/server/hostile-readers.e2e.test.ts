import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HostileTarget } from './hostile-target.js'
import { RawCaller, message } from './raw-call.js'

const mebibyte = 1024 * 1024
const readers = 40
const topic = 'followed'
let target: HostileTarget

beforeAll(async () => {
  target = await HostileTarget.start({ residentMebibytesMax: 600 })
})
afterAll(() => target[Symbol.asyncDispose]())

/** Appends 64 MiB, of which each reader would have to keep its part. */
async function appendMuch(): Promise<void> {
  const payloads = Array.from({ length: 16 }, () => Buffer.alloc(mebibyte / 4, 'x'))
  for (let count = 0; count < 16; count++) await target.client.append(topic, payloads)
}

describe('readers that never read', () => {
  test('of gRPC cost nobody anything while others append', async () => {
    // The topic by its name, from its start on, and on and on.
    const name = Buffer.from(topic)
    const selector = Buffer.concat([Buffer.from([0x0a, name.length]), name])
    const request = Buffer.concat([
      Buffer.from([0x0a, selector.length]),
      selector,
      Buffer.from([0x30, 1]),
    ])
    // Nothing at all may be sent to it, not one byte.
    const caller = await RawCaller.open(target.server.grpc, { settings: { initialWindowSize: 0 } })
    try {
      for (let count = 0; count < readers; count++) {
        const stream = caller.begin('Read')
        stream.end(message(request))
        await once(stream, 'response')
      }
      expect(await target.metric('goethe_tails{protocol="grpc"}')).toBe(readers)
      await appendMuch()
      await target.expectWell()
    } finally {
      caller[Symbol.dispose]()
    }
    await expect.poll(() => target.metric('goethe_tails{protocol="grpc"}')).toBe(0)
  })

  test('of server-sent events cost nobody anything while others append', async () => {
    const path = `/v1/topics/${topic}/events?follow=true`
    const sockets = await Promise.all(Array.from({ length: readers }, () => target.socket('http')))
    for (const socket of sockets) {
      socket.pause()
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\naccept: text/event-stream\r\n\r\n`)
    }
    await expect.poll(() => target.metric('goethe_tails{protocol="http"}')).toBe(readers)
    await appendMuch()
    await target.expectWell()
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => target.metric('goethe_tails{protocol="http"}')).toBe(0)
  })

  test('of long answers are cut off in the end, and leave nothing behind', async () => {
    const sockets = await Promise.all(Array.from({ length: readers }, () => target.socket('http')))
    for (const socket of sockets) {
      socket.pause()
      socket.write(`GET /v1/topics/${topic}/events?limit=32 HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    }
    await target.expectWell()
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => target.metric('goethe_connections{protocol="http"}')).toBeLessThan(10)
  })
})
