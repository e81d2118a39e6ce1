import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Client, credentials } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { errorOf, isDisconnect, isPassing } from './failures.js'

let server: Http2Server | undefined

afterEach(() => server?.close())

/** What a call fails with that the server ends in some way of its own. */
async function failureOf(end: (stream: ServerHttp2Stream) => void): Promise<unknown> {
  server = createServer()
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    end(stream)
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  try {
    return await new Promise((resolve) => {
      const identity = (bytes: Buffer): Buffer => bytes
      client.makeUnaryRequest('/any', identity, identity, Buffer.alloc(0), (error) => {
        resolve(error)
      })
    })
  } finally {
    client.close()
  }
}

describe('a call that a server breaks off', () => {
  const respond = (stream: ServerHttp2Stream): void => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
  }

  it.each([
    ['without a status', 0],
    ['with an internal error', 2],
    ['with a refusal', 7],
    ['with a protocol error', 1],
  ])('%s may go better a little later', async (_, code) => {
    const error = errorOf(
      await failureOf((stream) => {
        respond(stream)
        stream.close(code)
      }),
    )
    expect(error.code).toBe('GOETHE_UNAVAILABLE')
    expect(isPassing(error)).toBe(true)
    expect(isDisconnect(error)).toBe(true)
  })

  it('with the status INTERNAL has met a defect, which stays', async () => {
    const error = errorOf(
      await failureOf((stream) => {
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': 13 },
          { endStream: true },
        )
      }),
    )
    expect(error.code).toBe('GOETHE_INTERNAL')
    expect(isPassing(error)).toBe(false)
  })
})
